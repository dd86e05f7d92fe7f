#pragma once
// What the operating system says about this process and the machine, in bytes.
#include <cstddef>

namespace nascent {

std::size_t resident_bytes();  // of this process, now
std::size_t peak_rss_bytes();  // the most it ever was

// What this process could still take without swapping: of the machine, or of the control group it runs in, if that has
// less (a container's limit).
std::size_t available_bytes();

}  // namespace nascent
