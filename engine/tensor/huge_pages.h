#pragma once
// Memory on pages of 2 MB where the system lends them: beside 4 KB pages one thread reads 64 MB at 33 rather than
// 23 GB/s (Zen 4 under a hypervisor, where each miss of the TLB walks two tables). A buffer of 2 MB or more has pages
// of its own; smaller ones lie side by side in slabs, a network of 8 channels has nothing but those; and those below 32
// KB, weights, in pages of theirs. 64-byte aligned. Thread-safe.
#include <cstddef>

namespace nascent::huge_pages {

std::byte* allocate(std::size_t bytes);
void deallocate(std::byte* buffer, std::size_t bytes);  // of as many bytes as were asked for
// Pages of its own whatever the size: a buffer that gives way to a larger one leaves no hole.
std::byte* allocate_apart(std::size_t bytes);
void deallocate_apart(std::byte* buffer, std::size_t bytes);

}  // namespace nascent::huge_pages
