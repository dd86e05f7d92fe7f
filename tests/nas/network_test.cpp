#include "nas/network/derived_network.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string_view>

#include "engine/autograd/tape.h"
#include "engine/ops/ops.h"
#include "nas/cost/cost.h"
#include "tests/nas/quadratic_problem.h"
#include "tests/nas/same_bits.h"

using namespace nascent;
using namespace nascent::nas;
using namespace nascent::test;

namespace {

void check_counts(const char* name, const NetworkSize& size, std::int64_t weights, std::int64_t macs) {
  const DerivedNetwork network(*published_genotype(name), {.size = size});
  CAPTURE(name, size.channels, size.layers);
  CHECK(network.parameter_count() == weights);
  CHECK(count_macs(network, network.store(), size.image) == macs);
}

// Both cells made of one operation; node i reads states 0 and 1, but for `inner`, which reads node 0 twice.
Genotype uniform(const std::string& operation, int inner = -1) {
  std::vector<Gene> genes;
  for (int node = 0; node < 4; ++node)
    for (int from = 0; from < 2; ++from) genes.push_back({operation, node == inner ? 2 : from});
  return {genes, genes, {2, 3, 4, 5}, {2, 3, 4, 5}};
}

Tensor images(const ImageSize& size, std::int64_t batch = 2) {
  return random_tensor({batch, size.height, size.width, size.channels}, 11).cast(DType::f32);
}

// drop_path multiplies by a mask of the batch; nothing else in these networks multiplies.
std::int64_t drops(const DerivedNetwork& network, const Tensor& x, const Context& context) {
  Tape tape;
  tape.watch(network.store().weights());
  network.forward(x, context);
  std::int64_t count = 0;
  for (const Node& node : tape.nodes()) count += node.op && std::string_view(node.op->name) == "multiply";
  return count;
}

}  // namespace

// The counts are those of the public implementation (quark0/darts logs "3.169414MB" and "3.349342MB").
TEST_CASE("published networks have the published number of parameters and multiply-adds") {
  const NetworkSize cifar{.channels = 36, .layers = 20, .image = {3, 32, 32}};
  check_counts("DARTS_V1", cifar, 3169414, 500987520);
  check_counts("DARTS_V2", cifar, 3349342, 528359040);
  check_counts("PC_DARTS_cifar", cifar, 3634678, 556670592);
  const NetworkSize medium{.channels = 16, .layers = 20, .image = {1, 28, 28}};
  check_counts("DARTS_V1", medium, 670170, 82241024);
  check_counts("DARTS_V2", medium, 709818, 87039104);
  check_counts("PC_DARTS_cifar", medium, 787354, 94164096);
  const NetworkSize small{.channels = 8, .layers = 5, .image = {1, 28, 28}};
  check_counts("DARTS_V1", small, 34626, 5072192);
  check_counts("DARTS_V2", small, 36586, 5321504);
  check_counts("PC_DARTS_cifar", small, 66338, 7872640);
}

TEST_CASE("the auxiliary head has 476,426 parameters, which are not the network's") {
  const DerivedNetwork network(*published_genotype("DARTS_V2"), {.auxiliary = true});
  CHECK(network.parameter_count() == 3349342);
  CHECK(network.store().weight_count() == 3349342 + 476426);
}

TEST_CASE("the auxiliary head works in training only, at every size that leaves it 6x6 pixels") {
  for (const ImageSize size : {ImageSize{1, 28, 28}, {3, 32, 32}, {2, 27, 29}, {1, 24, 21}}) {
    const DerivedNetwork network(
        *published_genotype("DARTS_V1"),
        {.size = {.channels = 2, .layers = 3, .image = size, .classes = 7}, .auxiliary = true});
    CAPTURE(size.height, size.width);
    {
      Tape tape;
      tape.watch(network.store().weights());
      const auto training = network.logits(images(size), {});
      CHECK(training.main.shape() == Shape{2, 7});
      REQUIRE(training.auxiliary.defined());
      CHECK(training.auxiliary.shape() == Shape{2, 7});
      const std::vector<std::int32_t> labels = {0, 6};
      const Gradients gradients =
          tape.backward(cross_entropy(training.main, labels) + cross_entropy(training.auxiliary, labels));
      for (const Parameter& p : network.store().entries()) {
        if (p.kind != Parameter::Kind::weight) continue;
        const Tensor* g = gradients.find(p.value);
        INFO(p.name);
        REQUIRE(g);
        CHECK(std::isfinite(sum(*g).item()));
      }
    }
    CHECK(!network.logits(images(size), {.phase = Phase::evaluate}).auxiliary.defined());
  }
  const NetworkOptions small{.size = {.channels = 2, .layers = 3, .image = {1, 20, 20}}, .auxiliary = true};
  CHECK_THROWS_AS(DerivedNetwork(*published_genotype("DARTS_V1"), small), UsageError);
}

TEST_CASE("networks of any depth, size and concatenation go forward") {
  Genotype narrow = *published_genotype("PC_DARTS_cifar");
  narrow.normal_concat = {3, 5};
  narrow.reduce_concat = {2, 4, 5};
  for (const Genotype& genotype : {*published_genotype("DARTS_V2"), narrow})
    for (const std::int64_t layers : {1, 2, 3, 7})
      for (const ImageSize size : {ImageSize{2, 27, 29}, {1, 5, 3}}) {
        const DerivedNetwork network(genotype, {.size = {.channels = 3, .layers = layers, .image = size}});
        CAPTURE(layers, size.height);
        CHECK(network.forward(images(size), {}).shape() == Shape{2, 10});
        CHECK(network.forward(images(size), {.phase = Phase::evaluate}).shape() == Shape{2, 10});
      }
}

TEST_CASE("parameters are a function of the seed and bear the names the header promises") {
  const NetworkOptions options{.size = {.channels = 4, .layers = 3, .image = {1, 12, 12}}, .seed = 5};
  const DerivedNetwork network(*published_genotype("DARTS_V1"), options);
  for (const char* name : {"stem.0.weight", "cells.0.pre0.1.weight", "cells.0.ops.0.1.weight", "cells.0.ops.0.7.bias",
                           "cells.2.pre0.a.weight", "head.bias"}) {
    INFO(name);
    CHECK(network.store().find(name));
  }
  NetworkOptions other = options;
  other.seed = 6;
  CHECK(
      same_bits(network.store().weights(), DerivedNetwork(*published_genotype("DARTS_V1"), options).store().weights()));
  CHECK(
      !same_bits(network.store().weights(), DerivedNetwork(*published_genotype("DARTS_V1"), other).store().weights()));
}

TEST_CASE("drop path leaves the identity alone and drops a strided skip") {
  // Three layers: a normal cell and two reductions. All eight skips of a reduction are strided when they read its
  // inputs; a node that reads another node has identities.
  const NetworkSize size{.channels = 2, .layers = 3, .image = {1, 12, 12}};
  const Context dropping{.drop_path = 0.5, .seed = 1};
  const DerivedNetwork skips(uniform("skip_connect"), {.size = size});
  CHECK(drops(skips, images(size.image), {}) == 0);
  CHECK(drops(skips, images(size.image), dropping) == 16);
  CHECK(drops(DerivedNetwork(uniform("skip_connect", 3), {.size = size}), images(size.image), dropping) == 12);
  CHECK(drops(DerivedNetwork(uniform("sep_conv_3x3"), {.size = size}), images(size.image), dropping) == 24);
  CHECK(drops(DerivedNetwork(uniform("max_pool_3x3", 3), {.size = size}), images(size.image), dropping) == 24);

  Context evaluating = dropping;
  evaluating.phase = Phase::evaluate;
  CHECK(drops(skips, images(size.image), evaluating) == 0);
}

TEST_CASE("what drop path drops is a function of seed and step") {
  const NetworkSize size{.channels = 2, .layers = 3, .image = {1, 12, 12}};
  const DerivedNetwork network(uniform("sep_conv_3x3"), {.size = size});
  const auto run = [&](std::uint64_t seed, std::uint64_t step) {
    return network.forward(images(size.image, 8),
                           {.update_statistics = false, .drop_path = 0.5, .seed = seed, .step = step});
  };
  CHECK(same_bits(run(1, 1), run(1, 1)));
  CHECK(!same_bits(run(1, 1), run(1, 2)));
  CHECK(!same_bits(run(1, 1), run(2, 1)));
}
