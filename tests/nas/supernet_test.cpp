#include "nas/supernet/supernet.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "engine/autograd/tape.h"
#include "engine/ops/ops.h"
#include "engine/tensor/random.h"
#include "nas/cost/cost.h"
#include "nas/space/operations.h"
#include "nas/supernet/mixed_edge.h"
#include "tests/nas/quadratic_problem.h"
#include "tests/nas/same_bits.h"

using namespace nascent;
using namespace nascent::nas;
using namespace nascent::test;

namespace {

struct Counts {
  SupernetOptions options;
  std::int64_t weights, macs;
};

void check_counts(const Counts& expected) {
  const auto supernet = make_supernet(darts_space(), expected.options);
  CAPTURE(expected.options.channels, expected.options.layers);
  CHECK(supernet->store().weight_count() == expected.weights);
  CHECK(count_macs(*supernet, supernet->store(), expected.options.image) == expected.macs);
}

bool all_finite(const Tensor& t) {
  for (std::int64_t i = 0; i < t.elements(); ++i)
    if (!std::isfinite(t.at(i))) return false;
  return true;
}

std::int64_t zeros(const Tensor& t) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < t.elements(); ++i) count += t.at(i) == 0;
  return count;
}

}  // namespace

// The counts are those of the public implementation (quark0/darts logs "1.930618MB").
TEST_CASE("a DARTS supernet has the published number of parameters and multiply-adds") {
  check_counts({{.channels = 16, .layers = 8, .image = {3, 32, 32}}, 1930618, 300255744});
  check_counts({{.channels = 16, .layers = 8, .image = {1, 28, 28}}, 1929754, 229206528});
  check_counts({{.channels = 8, .layers = 5, .image = {1, 28, 28}}, 393778, 46846848});
  check_counts({{.channels = 4, .layers = 3, .image = {1, 28, 28}}, 72638, 11685376});
}

TEST_CASE("DARTS's own supernet has 1,395 convolutions and 224 alphas") {
  const auto supernet = make_supernet(darts_space(), {.channels = 16, .layers = 8});
  std::int64_t convolutions = 0;
  for (const Parameter& p : supernet->store().entries()) convolutions += p.layout != Parameter::Layout::plain;
  CHECK(convolutions == 1395);
  CHECK(supernet->alpha_count() == 2 * 14 * 8);
}

TEST_CASE("the lecture's supernet has 55,834 weights and 30 alphas") {
  const auto supernet = make_supernet(lecture_space(), {.channels = 16});
  CHECK(supernet->store().weight_count() == 55834);
  CHECK(supernet->alpha_count() == 30);
  CHECK(supernet->alphas().size() == 6);
  CHECK(supernet->alpha_matrices().size() == 2);
}

TEST_CASE("a chain may have any number of cells and edges") {
  const auto supernet = make_supernet(chain_space(3, 2), {.channels = 4, .image = {1, 11, 13}, .classes = 7});
  CHECK(supernet->alpha_count() == 3 * 2 * 5);
  CHECK(supernet->named_alphas().back().name == "cells.2.edges.1.alpha");
  CHECK(supernet->alpha_matrices().size() == 3);
  CHECK(supernet->forward(Tensor::zeros({2, 11, 13, 1}), {}).shape() == Shape{2, 7});
}

TEST_CASE("parameters bear the names reference weights come with") {
  const auto darts = make_supernet(darts_space(), {.channels = 4, .layers = 3});
  const auto shape = [](const Supernet& supernet, const char* name) {
    const Parameter* p = supernet.store().find(name);
    INFO(name);
    REQUIRE(p);
    return p->value.shape();
  };
  CHECK(shape(*darts, "stem.0.weight") == Shape{3, 3, 3, 12});
  CHECK(shape(*darts, "stem.1.running_var") == Shape{12});
  CHECK(shape(*darts, "cells.0.edges.4.ops.5.1.weight") == Shape{5, 5, 4});
  CHECK(shape(*darts, "cells.0.edges.4.ops.5.2.weight") == Shape{1, 1, 4, 4});
  CHECK(shape(*darts, "cells.0.edges.0.ops.1.1.running_mean") == Shape{4});
  CHECK(shape(*darts, "cells.1.edges.0.ops.3.a.weight") == Shape{1, 1, 8, 4});
  CHECK(shape(*darts, "cells.2.pre0.b.weight") == Shape{1, 1, 16, 8});
  CHECK(shape(*darts, "cells.2.pre1.1.weight") == Shape{1, 1, 32, 16});
  CHECK(shape(*darts, "head.weight") == Shape{10, 64});
  // Batch norms of a search have no gamma, but for the stem's.
  CHECK(!darts->store().find("cells.0.edges.4.ops.5.3.weight"));
  CHECK(darts->store().find("stem.1.weight"));
  CHECK(darts->named_alphas()[0].name == "alpha.0");
  CHECK(darts->named_alphas()[1].name == "alpha.1");

  const auto lecture = make_supernet(lecture_space(), {.channels = 16});
  CHECK(shape(*lecture, "cells.1.edges.2.ops.0.0.weight") == Shape{3, 3, 16, 16});
  CHECK(shape(*lecture, "fc.weight") == Shape{10, 16});
  CHECK(lecture->named_alphas()[5].name == "cells.1.edges.2.alpha");
}

TEST_CASE("alphas start near zero, a function of the seed") {
  const auto alphas = [](std::uint64_t seed) {
    return make_supernet(darts_space(), {.channels = 2, .layers = 2, .seed = seed})->alphas();
  };
  CHECK(same_bits(alphas(1), alphas(1)));
  CHECK(!same_bits(alphas(1), alphas(2)));
  double square = 0;
  for (const Tensor& a : alphas(1))
    for (std::int64_t i = 0; i < a.elements(); ++i) square += std::pow(a.at(i), 2);
  CHECK(std::sqrt(square / 224) == Approx(1e-3).epsilon(0.2));  // 4 standard errors of 224 normal numbers
}

TEST_CASE("images of any size and any number of channels go through, and every gradient comes back") {
  for (const auto& [space, image] : {std::pair{"darts", ImageSize{2, 27, 29}},
                                     {"darts", {1, 28, 28}},
                                     {"darts", {3, 9, 5}},
                                     {"lecture", {2, 27, 29}}}) {
    const auto supernet =
        make_supernet(space_named(space), {.channels = 4, .layers = 3, .image = image, .classes = 7, .seed = 5});
    const Tensor images = random_tensor({2, image.height, image.width, image.channels}, 6).cast(DType::f32);
    Tape tape;
    tape.watch(supernet->store().weights());
    tape.watch(supernet->alphas());
    const Tensor logits = supernet->forward(images, {});
    CAPTURE(space, image.height, image.width);
    CHECK(logits.shape() == Shape{2, 7});
    const std::vector<std::int32_t> labels = {3, 6};
    const Gradients gradients = tape.backward(cross_entropy(logits, labels));
    for (const Parameter& p : supernet->store().entries()) {
      if (p.kind != Parameter::Kind::weight) continue;
      const Tensor* g = gradients.find(p.value);
      INFO(p.name);
      REQUIRE(g);
      CHECK(g->shape() == p.value.shape());
      CHECK(all_finite(*g));
    }
    for (const Tensor& alpha : supernet->alphas()) {
      const Tensor g = gradients[alpha];
      CHECK(all_finite(g));
      CHECK(zeros(g) == 0);  // `none` too: its share of the softmax is taken from the others
    }
  }
}

TEST_CASE("none dilutes the mixture and adds nothing to it") {
  std::vector<std::unique_ptr<Module>> operations;
  ParameterStore store;
  operations.push_back(make_darts_operation("none", store.root(), {}));
  REQUIRE(!operations[0]);
  for (int k = 1; k < 8; ++k) operations.push_back(make_darts_operation("skip_connect", store.root(), {}));
  const MixedEdge edge(std::move(operations));
  const Tensor x = Tensor::from({1, 1, 2, 2}, std::span<const float>(std::vector<float>{8, -16, 24, 0}));
  // All-zero alphas: each of the eight weighs 1/8, so seven identities make 7/8 of the input.
  const Tensor y = edge.forward(x, nascent::softmax(Tensor::zeros({8})), {});
  for (std::int64_t i = 0; i < 4; ++i) CHECK(y.at(i) == x.at(i) * 7 / 8);

  std::vector<float> strong_none(8, 0.f);
  strong_none[0] = 200;
  const Tensor nothing = edge.forward(x, nascent::softmax(Tensor::from({8}, std::span<const float>(strong_none))), {});
  for (std::int64_t i = 0; i < 4; ++i) CHECK(nothing.at(i) == 0);
}

TEST_CASE("a mixed edge is the weighted sum of its operations, in their order") {
  ParameterStore store(7, DType::f64);
  const char* names[] = {"none", "max_pool_3x3", "avg_pool_3x3", "skip_connect", "sep_conv_3x3"};
  std::vector<std::unique_ptr<Module>> operations, alone;
  for (std::int64_t k = 0; k < 5; ++k) {
    operations.push_back(make_darts_operation(names[k], store.root() / k, {.channels = 3, .supernet = true}));
    alone.push_back(operations[k]
                        ? make_darts_operation(names[k], store.root() / (k + 10), {.channels = 3, .supernet = true})
                        : nullptr);
  }
  for (const Parameter& p : store.entries())
    if (const Parameter* twin = store.find("1" + p.name)) {
      Tensor to = twin->value;
      to.copy_from(p.value);
    }
  const Tensor x = random_tensor({2, 5, 4, 3}, 8), weights = random_tensor({5}, 9);
  const MixedEdge edge(std::move(operations));
  const Tensor y = edge.forward(x, weights, {}), with_x = edge.residual(x, weights, {});
  std::vector<double> expected(y.elements(), 0.0);
  for (int k = 1; k < 5; ++k) {
    const Tensor branch = alone[k]->forward(x, {});
    for (std::int64_t i = 0; i < y.elements(); ++i) expected[i] += weights.at(k) * branch.at(i);
  }
  for (std::int64_t i = 0; i < y.elements(); ++i) CHECK(y.at(i) == Approx(expected[i]).epsilon(1e-12).margin(1e-14));
  for (std::int64_t i = 0; i < y.elements(); ++i) CHECK(with_x.at(i) == y.at(i) + x.at(i));
}

TEST_CASE("sizes that make no supernet are refused") {
  CHECK_THROWS_AS(make_supernet(darts_space(), {.layers = 0}), UsageError);
  CHECK_THROWS_AS(make_supernet(darts_space(), {.channels = 0}), UsageError);
  CHECK_THROWS_AS(make_supernet(darts_space(), {.channels = 1 << 20}), UsageError);
  CHECK_THROWS_AS(make_supernet(darts_space(), {.image = {3, 0, 32}}), UsageError);
  CHECK_THROWS_AS(make_supernet(darts_space(), {.classes = 0}), UsageError);
}

namespace {

struct LossAndGradients {
  double loss = 0;
  std::vector<Tensor> gradients;  // of the weights, then the alphas
  std::vector<Tensor> buffers;    // running statistics after the pass
};

LossAndGradients first_step(SupernetOptions options) {
  options.channels = 4, options.layers = 3, options.image = {3, 16, 16};
  const auto supernet = make_supernet(darts_space(), options);
  std::vector<Tensor> watched = supernet->store().weights();
  for (const Tensor& alpha : supernet->alphas()) watched.push_back(alpha);
  Tensor images = Tensor::empty({6, 16, 16, 3}, options.dtype);
  const Random random(1, "images");
  for (std::int64_t i = 0; i < images.elements(); ++i)
    visit(options.dtype, [&](auto zero) {
      using T = decltype(zero);
      images.mutable_data<T>()[i] = static_cast<T>(static_cast<float>(random.normal(i)));
    });
  Tape tape;
  tape.watch(watched);
  const std::vector<std::int32_t> labels = {0, 1, 2, 3, 4, 5};
  const Tensor loss = cross_entropy(supernet->forward(images, {}), labels);
  const Gradients gradients = tape.backward(loss);
  LossAndGradients out{loss.item(), {}, {}};
  for (const Tensor& t : watched) out.gradients.push_back(gradients[t]);
  for (const Tensor& t : supernet->store().buffers()) out.buffers.push_back(t.clone());
  return out;
}

// |a - b| / |b| of all elements together.
double distance(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::int64_t k = 0; k < a[i].elements(); ++k) {
      difference += std::pow(a[i].at(k) - b[i].at(k), 2);
      size += std::pow(b[i].at(k), 2);
    }
  return std::sqrt(difference / size);
}

}  // namespace

TEST_CASE("the fused supernet is as near to double precision as the one run op by op") {
  const LossAndGradients fused = first_step({}), by_ops = first_step({.fuse = false});
  const LossAndGradients exact = first_step({.dtype = DType::f64, .fuse = false});
  // A ReLU or a maximum whose sides are a rounding apart may fall to either: the plain graph in f32 is the measure.
  const double plain = distance(by_ops.gradients, exact.gradients);
  CAPTURE(plain);
  CHECK(fused.loss == Approx(exact.loss).epsilon(1e-5));
  CHECK(distance(fused.gradients, exact.gradients) < 1e-3);
  CHECK(distance(fused.buffers, exact.buffers) < 1e-5);
}

TEST_CASE("cells computed again going backward change no bit") {
  const LossAndGradients kept = first_step({}), again = first_step({.recomputed_cells = 2});
  CHECK(again.loss == kept.loss);
  CHECK(distance(again.gradients, kept.gradients) == 0);
  CHECK(distance(again.buffers, kept.buffers) == 0);
}
