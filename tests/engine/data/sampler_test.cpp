#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>

#include "engine/data/batches.h"

using namespace nascent;

namespace {

std::vector<std::uint32_t> first(std::uint32_t count) {
  std::vector<std::uint32_t> indices(count);
  std::iota(indices.begin(), indices.end(), 0u);
  return indices;
}

std::vector<std::uint32_t> epoch_of(BatchSampler& sampler, std::uint64_t epoch) {
  std::vector<std::uint32_t> all;
  for (std::int64_t step = 0; step < sampler.steps_per_epoch(); ++step) {
    const auto batch = sampler.batch(epoch, step);
    all.insert(all.end(), batch.begin(), batch.end());
  }
  return all;
}

}  // namespace

TEST_CASE("sampler: an epoch holds every sample once, in another order each time", "[sampler]") {
  const std::vector<std::uint32_t> samples{5, 17, 3, 900, 41, 42, 43, 6, 7, 8};
  BatchSampler sampler(samples, {.batch = 4, .seed = 1});
  CHECK(sampler.steps_per_epoch() == 3);
  CHECK(sampler.batch(0, 0).size() == 4);
  CHECK(sampler.batch(0, 2).size() == 2);
  const auto one = epoch_of(sampler, 0), two = epoch_of(sampler, 1);
  CHECK(std::is_permutation(one.begin(), one.end(), samples.begin(), samples.end()));
  CHECK(std::is_permutation(two.begin(), two.end(), samples.begin(), samples.end()));
  CHECK(one != two);
}

TEST_CASE("sampler: a batch is a function of seed, purpose, epoch and step", "[sampler]") {
  BatchSampler sampler(first(1000), {.batch = 64, .seed = 1});
  const auto batch = sampler.batch(7, 3);
  sampler.batch(2, 0);
  CHECK(sampler.batch(7, 3) == batch);
  CHECK(BatchSampler(first(1000), {.batch = 64, .seed = 1}).batch(7, 3) == batch);  // a run that resumed here
  CHECK(BatchSampler(first(1000), {.batch = 64, .seed = 2}).batch(7, 3) != batch);
  CHECK(BatchSampler(first(1000), {.batch = 64, .seed = 1, .purpose = "validation"}).batch(7, 3) != batch);
}

TEST_CASE("sampler: unshuffled it keeps the order", "[sampler]") {
  BatchSampler sampler(first(5), {.batch = 2, .shuffle = false});
  CHECK(epoch_of(sampler, 3) == first(5));
}

TEST_CASE("sampler: refuses what cannot make a batch", "[sampler]") {
  CHECK_THROWS_AS(BatchSampler({}, {}), ContractError);
  CHECK_THROWS_AS(BatchSampler({1}, {.batch = 0}), ContractError);
  BatchSampler sampler({1}, {});
  CHECK_THROWS_AS(sampler.batch(0, 1), ContractError);
  CHECK_THROWS_AS(sampler.batch(0, -1), ContractError);
}

TEST_CASE("split_halves: two disjoint lists that cover everything, the same for the same seed", "[sampler]") {
  for (const double portion : {0.5, 0.1, 0.999}) {
    const auto [train, validation] = split_halves(1001, 3, portion);
    CHECK(train.size() == static_cast<std::size_t>(std::llround(portion * 1001)));
    auto all = train;
    all.insert(all.end(), validation.begin(), validation.end());
    std::sort(all.begin(), all.end());
    CHECK(all == first(1001));
  }
  CHECK(split_halves(1001, 3).train == split_halves(1001, 3).train);
  CHECK(split_halves(1001, 3).train != split_halves(1001, 4).train);
  CHECK_THROWS_AS(split_halves(10, 0, 0), ContractError);
  CHECK_THROWS_AS(split_halves(10, 0, 1), ContractError);
  CHECK_THROWS_AS(split_halves(1, 0, 0.5), ContractError);
}
