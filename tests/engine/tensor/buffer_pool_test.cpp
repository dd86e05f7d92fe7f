#include "engine/tensor/buffer_pool.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "engine/tensor/tensor.h"

namespace nascent {

TEST_CASE("a freed buffer waits for the next request of its exact size") {
  BufferPool& pool = BufferPool::instance();
  constexpr std::size_t kBytes = 123'456;  // a size nobody else asks for
  const PoolReport before = pool.report();
  std::shared_ptr<std::byte> first = pool.take(kBytes);
  const std::byte* address = first.get();
  CHECK(reinterpret_cast<std::uintptr_t>(address) % BufferPool::kAlignment == 0);
  CHECK(pool.report().live_bytes == before.live_bytes + kBytes);
  CHECK(pool.report().allocations == before.allocations + 1);
  first.reset();
  CHECK(pool.report().live_bytes == before.live_bytes);
  CHECK(pool.report().held_bytes == before.held_bytes + kBytes);

  const std::shared_ptr<std::byte> other = pool.take(kBytes + 64), again = pool.take(kBytes), more = pool.take(kBytes);
  CHECK(again.get() == address);
  CHECK(other.get() != address);
  CHECK(more.get() != address);
  CHECK(pool.report().allocations == before.allocations + 3);
}

TEST_CASE("one buffer grows to the largest scratch asked for and serves all") {
  BufferPool& pool = BufferPool::instance();
  pool.release_held();
  const PoolReport before = pool.report();
  pool.take_scratch(100'000);
  pool.take_scratch(300'000);
  CHECK(pool.report().held_bytes == 300'000);
  for (const std::size_t bytes : {100'000u, 300'000u, 0u, 299'999u}) pool.take_scratch(bytes);
  CHECK(pool.report().allocations == before.allocations + 2);
  const auto in_use = pool.take_scratch(10);
  CHECK(pool.report().live_bytes == before.live_bytes + 300'000);
  const auto another = pool.take_scratch(10);
  CHECK(another != in_use);
}

TEST_CASE("the peak is remembered until it is reset") {
  BufferPool& pool = BufferPool::instance();
  pool.reset_peak();
  const std::size_t start = pool.report().peak_bytes;
  pool.take(10'000);
  CHECK(pool.report().peak_bytes == start + 10'000);
  CHECK(pool.report().live_bytes == start);
  pool.reset_peak();
  CHECK(pool.report().peak_bytes == start);
}

TEST_CASE("held buffers can be given back to the system") {
  BufferPool& pool = BufferPool::instance();
  pool.take(54'321);
  CHECK(pool.report().held_bytes >= 54'321);
  pool.release_held();
  CHECK(pool.report().held_bytes == 0);
}

TEST_CASE("an empty tensor has an address too") { CHECK(BufferPool::instance().take(0) != nullptr); }

TEST_CASE("a poisoned pool hands out NaN, also in reused buffers") {
  Tensor::full({77}, 1);
  BufferPool::instance().poison(true);
  const Tensor single = Tensor::empty({77}), twice = Tensor::empty({77}, DType::f64);
  BufferPool::instance().poison(false);
  for (int i : {0, 38, 76}) {
    CHECK(std::isnan(single.at(i)));
    CHECK(std::isnan(twice.at(i)));
  }
}

}  // namespace nascent
