// Where gradients meet: parts with constant factors, added in one pass when somebody asks for the sum.
#include "engine/autograd/gradient_sum.h"

#include <catch2/catch.hpp>

#include "engine/autograd/tape.h"
#include "engine/ops/ops.h"
#include "engine/tensor/buffer_pool.h"

namespace nascent {
namespace {

std::vector<double> values(const Tensor& t) {
  std::vector<double> out;
  for (std::int64_t i = 0; i < t.elements(); ++i) out.push_back(t.at(i));
  return out;
}
Tensor vector_of(std::vector<float> v) {
  return Tensor::from({static_cast<std::int64_t>(v.size())}, std::span<const float>(v));
}

}  // namespace

TEST_CASE("a sum of parts with factors, written over a part that nobody else holds") {
  const Tensor held = vector_of({1, 2, 3});
  GradientSum sum;
  sum.add(held, 2);
  Tensor own = vector_of({10, 20, 30});
  const Storage* storage = own.storage();
  sum.add(own, -1);
  sum.add(held, 3);  // joins its factor
  own = {};
  CHECK(values(sum.total()) == std::vector<double>{-5, -10, -15});
  CHECK(sum.total().storage() == storage);
  CHECK(values(held) == std::vector<double>{1, 2, 3});
}

TEST_CASE("one part keeps its factor aside, and a held one is never written to") {
  const Tensor held = vector_of({1, 2});
  GradientSum sum;
  sum.add(held, 4);
  const GradientSum::Part part = sum.take();
  CHECK(part.value.storage() == held.storage());
  CHECK(part.factor == 4);
  CHECK_FALSE(sum.defined());
  sum.add(held, 4);
  CHECK(values(sum.total()) == std::vector<double>{4, 8});
  CHECK(values(held) == std::vector<double>{1, 2});
}

TEST_CASE("any number of parts") {
  GradientSum sum;
  double expected = 0;
  for (int i = 1; i <= 30; ++i) {
    sum.add(Tensor::full({5}, i), i % 3);
    expected += i * (i % 3);
  }
  CHECK(values(sum.total()) == std::vector<double>(5, expected));
}

TEST_CASE("a factor is the business of who reads the gradient, not of the rules on the way") {
  const Tensor x = vector_of({1, -2, 3});
  Tape tape;
  tape.watch(x);
  const Tensor y = relu(affine(x, {.factor = 2})), z = affine(y, {.factor = -3}), loss = sum(affine(z, {.factor = 5}));
  std::vector<std::vector<double>> seen;
  const auto observer = [&](const Node&, std::int64_t, const Tensor& dy) { seen.push_back(values(dy)); };
  const Gradients g = tape.backward(loss, {.wrt = {x, y, z}, .keep = true, .observer = observer});
  CHECK(values(g[z]) == std::vector<double>{5, 5, 5});
  CHECK(values(g[y]) == std::vector<double>{-15, -15, -15});
  CHECK(values(g[x]) == std::vector<double>{-30, 0, -30});
  CHECK(seen.back() == std::vector<double>{-15, 0, -15});  // what relu gave to the affine below it
  CHECK(values(tape.backward(loss, {.create_graph = true})[x]) == std::vector<double>{-30, 0, -30});
}

TEST_CASE("who watches changes no bit") {
  const Tensor x = Tensor::full({7}, 0.7);
  Tape tape;
  tape.watch(x);
  const Tensor y = exp(affine(x, {.factor = 0.1})), z = affine(y, {.factor = 0.3}), loss = sum(z * z);
  const std::vector<double> alone = values(tape.backward(loss, {.keep = true})[x]);
  const auto observer = [](const Node&, std::int64_t, const Tensor&) {};
  CHECK(values(tape.backward(loss, {.wrt = {x, y}, .keep = true, .observer = observer})[x]) == alone);
}

TEST_CASE("a mix hands its gradient on without a copy for each branch") {
  const Tensor x = Tensor::full({1000}, 1), weights = Tensor::full({4}, 0.25);
  Tape tape;
  tape.watch(x);
  Tensor loss = sum(weighted_sum(weights, std::vector{x, x, x, x}));
  const std::size_t start = BufferPool::instance().report().live_bytes;
  BufferPool::instance().reset_peak();
  CHECK(values(tape.backward(loss)[x]) == std::vector<double>(1000, 1));
  CHECK(BufferPool::instance().report().peak_bytes < start + 2 * x.bytes());
}

}  // namespace nascent
