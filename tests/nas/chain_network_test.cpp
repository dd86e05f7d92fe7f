#include "nas/network/chain_network.h"

#include <catch2/catch.hpp>

#include "nas/network/train.h"
#include "tests/nas/same_bits.h"

using namespace nascent;
using namespace nascent::nas;
using namespace nascent::test;

namespace {

ChainArchitecture chain(const std::string& operation) {
  return {{std::vector<ChainChoice>(3, {operation, 1.0}), std::vector<ChainChoice>(3, {operation, 1.0})}};
}

std::int64_t weights(const std::string& operation) {
  return ChainNetwork(chain(operation), {.size = {.channels = 4, .image = {1, 12, 12}}}).store().weight_count();
}

}  // namespace

TEST_CASE("a chain network holds the operations of its architecture and no others") {
  const std::int64_t around = 3 * 3 * 4 + 2 * 4 + 4 * 10 + 10;  // stem, its batch norm, classifier
  CHECK(weights("skip") == around);
  CHECK(weights("max_pool") == around);
  CHECK(weights("conv3x3") == around + 6 * (9 * 16 + 8));
  CHECK(weights("conv5x5") == around + 6 * (25 * 16 + 8));
  CHECK(weights("sep_conv3x3") == around + 6 * (9 * 4 + 16 + 8));
  CHECK_THROWS_AS(weights("sep_conv_3x3"), UsageError);  // of the other space
}

TEST_CASE("an edge of a chain adds its operation to what came before") {
  // Six identities double what the stem gives six times; with the mean and a linear classifier the logits show it.
  const ChainNetworkOptions options{.size = {.channels = 4, .image = {1, 5, 7}}, .dtype = DType::f64, .seed = 3};
  const Tensor x = Tensor::full({1, 5, 7, 1}, 0.5, DType::f64);
  const ChainNetwork doubling(chain("skip"), options), plain({}, options);
  const Tensor bias = plain.store().find("fc.bias")->value;
  const Tensor once = plain.forward(x, {.phase = Phase::evaluate}),
               often = doubling.forward(x, {.phase = Phase::evaluate});
  for (std::int64_t k = 0; k < 10; ++k)
    CHECK(often.at(k) - bias.at(k) == Approx(64 * (once.at(k) - bias.at(k))).epsilon(1e-12));
}

TEST_CASE("a chain network is trained like any other") {
  const TrainingData data = load_training("synthetic:1x12x12", {.limit = 60});
  ChainNetwork network(chain("conv3x3"), {.size = {.channels = 8, .image = {1, 12, 12}}, .seed = 1});
  const auto history = train(network, data, measure(data.data), {.batch = 10, .epochs = 60});
  CHECK(history.back().loss < 0.5 * history.front().loss);
}
