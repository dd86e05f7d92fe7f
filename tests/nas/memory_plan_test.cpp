#include "nas/search/memory_plan.h"

#include <catch2/catch.hpp>

#include "engine/tensor/buffer_pool.h"

using namespace nascent;
using namespace nascent::nas;

namespace {

constexpr std::size_t kPlenty = std::size_t{1} << 40;

void check_within_5_percent(std::size_t foretold, std::size_t real) {
  CAPTURE(foretold, real);
  CHECK(foretold >= real - real / 20);
  CHECK(foretold <= real + real / 20);
}

void check_forecast(const TrainingData& data, const SearchOptions& options) {
  const Forecast f = forecast(data, options, kPlenty);
  int steps = 0;
  const SearchResult result =
      search(data, options, {.on_step = [&](const SearchProgress&) { ++steps; }, .stop = [&] { return steps == 2; }});
  check_within_5_percent(f.pool_peak, result.pool_peak);
  CHECK(f.parameters == result.supernet->store().weight_count());
}

SearchOptions small_search() {
  SearchOptions o;
  o.channels = 2;
  o.layers = 3;
  o.batch = 24;
  o.epochs = 2;
  return o;
}

}  // namespace

TEST_CASE("a forecast is within 5 % of what the search then takes, in every order and space") {
  const TrainingData data = load_training("synthetic:1x12x12", {.limit = 64});
  SearchOptions options = small_search();
  for (const Order order : {Order::first, Order::second, Order::exact}) {
    options.bilevel.order = order;
    check_forecast(data, options);
  }
  options.space = "lecture";
  check_forecast(data, options);
  for (const std::int64_t batch : {2, 4, 5}) {  // also those that are not extrapolated
    options.batch = batch;
    check_forecast(data, options);
  }
}

TEST_CASE("a forecast counts steps of the batch a half can fill") {
  const TrainingData data = load_training("synthetic:1x8x8", {.limit = 31});
  SearchOptions options = small_search();
  options.batch = 4;
  CHECK(forecast(data, options, kPlenty).steps_per_epoch == 4);
  options.batch = 100;
  const Forecast f = forecast(data, options, kPlenty);
  CHECK(f.steps_per_epoch == 1);
  CHECK(f.forward_passes == 2);
}

TEST_CASE("what does not fit is refused, and the pool is as before") {
  const TrainingData data = load_training("synthetic:1x12x12", {.limit = 64});
  CHECK_THROWS_AS(forecast(data, small_search(), 1 << 20), MemoryError);
  const PoolReport after = BufferPool::instance().report();
  CHECK(after.held_bytes == 0);
  CHECK_NOTHROW(BufferPool::instance().take(2 << 20));
}

TEST_CASE("the fewest cells that make a search fit are recomputed") {
  constexpr std::int64_t kCells = 8;
  for (std::size_t limit = 0; limit <= 120; ++limit) {
    int asked = 0;
    const auto plan = [&] {
      return plan_memory(
          [&](std::int64_t recomputed) {
            ++asked;
            return Forecast{.peak_rss = 100 - 10 * static_cast<std::size_t>(recomputed)};
          },
          kCells, limit, 64);
    };
    CAPTURE(limit);
    if (limit < 20) {
      CHECK_THROWS_AS(plan(), MemoryError);
      continue;
    }
    const MemoryPlan made = plan();
    CHECK(made.recomputed_cells == (limit >= 100 ? 0 : static_cast<std::int64_t>(109 - limit) / 10));
    CHECK(made.forecast.peak_rss <= limit);
    CHECK(asked <= 5);
  }
}

TEST_CASE("a search that cannot fit is refused with what it takes at least") {
  const auto needs = [](std::size_t mebibytes) {
    return [=](std::int64_t) { return Forecast{.peak_rss = mebibytes << 20}; };
  };
  CHECK_THROWS_WITH(plan_memory(needs(3), 0, 2 << 20, 64),
                    "this search takes at least 3 MiB of memory at batch 64, and may take 2 MiB; choose a smaller "
                    "--batch, fewer --channels or --layers");
  CHECK_THROWS_WITH(plan_memory(needs(3), 8, 2 << 20, 64), Catch::Contains("at batch 64, however much is recomputed"));
}

TEST_CASE("after its first step a search asks the system for no buffer, short last batches aside") {
  const TrainingData data = load_training("synthetic:1x12x12", {.limit = 100});
  SearchOptions options = small_search();  // batches of 24, 24, 2
  for (const char* space : {"darts", "lecture"})
    for (const Order order : {Order::first, Order::second, Order::exact}) {
      options.space = space;
      options.bilevel.order = order;
      const SearchResult result = search(data, options);
      CHECK(result.steady_allocations == 0);
      CHECK(result.history.back().pool_peak == result.pool_peak);
      CHECK(result.history.back().peak_rss >= result.pool_peak);
    }
}
