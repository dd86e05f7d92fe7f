#include "engine/tensor/huge_pages.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

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
