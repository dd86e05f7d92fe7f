#include "engine/tensor/huge_pages.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "engine/tensor/process_memory.h"

using namespace nascent;

TEST_CASE("buffers of any size are aligned and do not overlap, also after others were given back") {
  std::vector<std::pair<std::byte*, std::size_t>> buffers;
  const auto take = [&](std::size_t bytes) {
    buffers.emplace_back(huge_pages::allocate(bytes), bytes);
    std::memset(buffers.back().first, static_cast<int>(buffers.size()), bytes);
  };
  const auto intact = [&](std::size_t i) {
    const auto [buffer, bytes] = buffers[i];
    const auto mark = static_cast<std::byte>(i + 1);
    return buffer[0] == mark && std::memcmp(buffer, buffer + 1, bytes - 1) == 0;
  };
  const std::size_t sizes[] = {64, 32'767, 32'768, 100'001, 802'816, (2u << 20) - 1, 2u << 20, 5'000'000};
  for (int round = 0; round < 4; ++round)
    for (const std::size_t bytes : sizes) take(bytes);
  const std::size_t half = buffers.size() / 2;
  for (std::size_t i = 0; i < half; ++i) {
    CHECK(intact(i));
    huge_pages::deallocate(buffers[i].first, buffers[i].second);
  }
  for (const std::size_t bytes : sizes) take(bytes);
  for (std::size_t i = half; i < buffers.size(); ++i) {
    INFO("buffer " << i << " of " << buffers[i].second);
    CHECK(reinterpret_cast<std::uintptr_t>(buffers[i].first) % 64 == 0);
    CHECK(intact(i));
    huge_pages::deallocate(buffers[i].first, buffers[i].second);
  }
}

#if !defined(__SANITIZE_ADDRESS__)  // which keeps what is freed, to see who still reads it
TEST_CASE("what is given back goes back to the system, also from below what the heap has in use") {
  constexpr std::size_t kMany = std::size_t{64} << 20, kLittle = std::size_t{8} << 20;
  const std::size_t before = resident_bytes();
  // After a large block, of up to 32 MB, glibc takes smaller ones from its arena.
  huge_pages::deallocate(huge_pages::allocate(kMany / 4), kMany / 4);
  for (const std::size_t bytes : {std::size_t{5'000'000}, std::size_t{600'000}}) {
    std::vector<std::byte*> buffers;
    for (std::size_t taken = 0; taken < kMany; taken += bytes) {
      buffers.push_back(huge_pages::allocate(bytes));
      std::memset(buffers.back(), 1, bytes);
    }
    const auto above = std::make_unique_for_overwrite<char[]>(100'000);
    CHECK(resident_bytes() >= before + kMany - kLittle);
    for (std::byte* buffer : buffers) huge_pages::deallocate(buffer, bytes);
    CHECK(resident_bytes() <= before + kLittle);
  }
}

TEST_CASE("small buffers are kept for the next of their size, however often they come and go") {
  constexpr std::size_t kBytes = 3000, kLittle = std::size_t{8} << 20;
  std::byte* stays = huge_pages::allocate(kBytes);
  std::byte* first = huge_pages::allocate(kBytes);
  huge_pages::deallocate(first, kBytes);
  CHECK(huge_pages::allocate(kBytes - 1) == first);  // of as many lines
  huge_pages::deallocate(first, kBytes - 1);
  const std::size_t before = resident_bytes();
  for (int round = 0; round < 100; ++round) {  // 30 MB in all
    std::vector<std::byte*> buffers;
    for (int i = 0; i < 100; ++i) std::memset(buffers.emplace_back(huge_pages::allocate(kBytes)), 1, kBytes);
    for (std::byte* buffer : buffers) huge_pages::deallocate(buffer, kBytes);
  }
  CHECK(resident_bytes() <= before + kLittle);
  huge_pages::deallocate(stays, kBytes);
}
#endif
