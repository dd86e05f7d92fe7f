#include "engine/autograd/tape.h"

#include <catch2/catch.hpp>

#include "engine/ops/ops.h"

namespace nascent {
namespace {

Tensor vector_of(std::vector<double> values) {
  return Tensor::from({static_cast<std::int64_t>(values.size())}, std::span<const double>(values));
}
std::vector<double> values(const Tensor& t) {
  std::vector<double> out;
  for (std::int64_t i = 0; i < t.elements(); ++i) out.push_back(t.at(i));
  return out;
}

}  // namespace

TEST_CASE("a diamond is walked once a node, not once a path") {
  const Tensor a = vector_of({3});
  Tape tape;
  tape.watch(a);
  const Tensor b = a + a, c = b + b;
  int visits = 0;
  const Gradients g = tape.backward(c, {.observer = [&](const Node&, std::int64_t, const Tensor&) { ++visits; }});
  CHECK(g[a].item() == 4);
  CHECK(visits == 2);
}

TEST_CASE("gradients are values: nothing to zero, and zeros where the loss does not depend") {
  const Tensor a = vector_of({2, 3}), b = vector_of({5, 7}), unused = vector_of({1, 1, 1});
  Gradients g;
  {
    Tape tape;
    tape.watch(std::vector{a, b, unused});
    g = tape.backward(sum(a * b));
  }
  CHECK(values(g[a]) == std::vector<double>{5, 7});
  CHECK(values(g[b]) == std::vector<double>{2, 3});
  CHECK(g.find(unused) == nullptr);
  CHECK(values(g[unused]) == std::vector<double>{0, 0, 0});
  CHECK(values(g[Tensor(a)]) == std::vector<double>{5, 7});  // any handle on the leaf finds it
  Tape again;
  again.watch(a);
  CHECK(values(again.backward(sum(a * b))[a]) == std::vector<double>{5, 7});
}

TEST_CASE("a seed weighs the outputs") {
  const Tensor x = vector_of({1, 2, 3});
  Tape tape;
  tape.watch(x);
  const Tensor y = x * x;
  CHECK(values(tape.backward(y, {.seed = vector_of({1, 0, -1}), .keep = true})[x]) == std::vector<double>{2, 0, -6});
  CHECK_THROWS_WITH(tape.backward(y), Catch::Contains("[backward] expected a scalar, got shape [3]; pass a seed"));
  CHECK_THROWS_WITH(tape.backward(y, {.seed = vector_of({1})}),
                    Catch::Contains("expected a seed of shape [3], got [1]"));
}

TEST_CASE("backward needs an output that depends on a leaf") {
  Tape tape;
  CHECK_THROWS_WITH(tape.backward(Tensor::scalar(1)), Catch::Contains("[backward] the output depends on no watched"));
  CHECK_THROWS_WITH(tape.watch(Tensor()), Catch::Contains("[watch] expected a tensor, got an undefined one"));
}

namespace {

// (2x, 3y) as one op, by the name of any, which counts how often its rule runs.
std::vector<Tensor> doubled_and_tripled(const Tensor& x, const Tensor& y, int& runs) {
  const Rule rule = [&runs](Vjp& v) {
    ++runs;
    for (const int i : {0, 1})
      if (v.dy(i).defined()) v.add(i, v.take_dy(i), 2 + i);
  };
  return record(*all_ops().front(), {x, y},
                std::vector{affine(x.detach(), {.factor = 2}), affine(y.detach(), {.factor = 3})}, {.rule = rule},
                Where::current());
}

}  // namespace

TEST_CASE("an op of several outputs goes back once, when all their gradients have met") {
  const Tensor x = Tensor::full({2}, 5, DType::f64), y = Tensor::full({3}, 7, DType::f64);
  int runs = 0;
  const auto gradients_of = [&](const std::function<Tensor(const std::vector<Tensor>&)>& loss) {
    Tape tape;
    tape.watch(std::vector{x, y});
    runs = 0;
    const std::vector<Tensor> both = doubled_and_tripled(x, y, runs);
    const Gradients g = tape.backward(loss(both));
    return std::pair{values(g[x]), values(g[y])};
  };
  CHECK(gradients_of([](const auto& both) { return add(sum(both[0]), sum(multiply(both[1], both[1]))); }) ==
        std::pair{std::vector<double>{2, 2}, std::vector<double>{126, 126, 126}});
  CHECK(runs == 1);
  CHECK(gradients_of([](const auto& both) { return sum(both[1]); }) ==
        std::pair{std::vector<double>{0, 0}, std::vector<double>{3, 3, 3}});
  CHECK(gradients_of([](const auto& both) { return sum(both[0]); }) ==
        std::pair{std::vector<double>{2, 2}, std::vector<double>{0, 0, 0}});
}

TEST_CASE("several outputs can be gone back from at once, each with its seed") {
  const Tensor x = Tensor::full({2}, 5, DType::f64);
  Tape tape;
  tape.watch(x);
  const Tensor a = affine(x, {.factor = 2}), b = multiply(x, x), seed = Tensor::full({2}, 10, DType::f64);
  CHECK_THROWS_WITH(tape.backward(a, {.seed = seed, .others = {b}}),
                    Catch::Contains("expected 1 seeds for the other outputs, got 0"));
  const Gradients g = tape.backward(a, {.seed = seed, .others = {b}, .other_seeds = {seed}});
  CHECK(values(g[x]) == std::vector<double>{120, 120});
}

TEST_CASE("wrt prunes: nothing is computed for what nobody asked") {
  const Tensor x = Tensor::full({4, 3}, 1, DType::f64), w1 = Tensor::full({3, 2}, 2, DType::f64),
               w2 = Tensor::full({2, 1}, 3, DType::f64);
  Tape tape;
  tape.watch(std::vector{w1, w2});
  const Tensor hidden = relu(matmul(x, w1)), loss = sum(matmul(hidden, w2));
  std::vector<std::string> seen;
  const auto observer = [&](const Node& node, std::int64_t, const Tensor&) { seen.push_back(node.op->name); };

  const std::size_t recorded = tape.nodes().size();
  const Gradients g = tape.backward(loss, {.wrt = {w2}, .create_graph = true, .observer = observer});
  CHECK(seen == std::vector<std::string>{"sum", "matmul"});
  CHECK(g.size() == 1);
  CHECK(values(g[w2]) == std::vector<double>{24, 24});
  int products = 0;  // recorded while going backward: the gradient of w2, and no gradient of `hidden`
  for (std::size_t i = recorded; i < tape.nodes().size(); ++i)
    products += std::string(tape.nodes()[i].op->name) == "matmul";
  CHECK(products == 1);

  seen.clear();
  const Gradients inner = tape.backward(loss, {.wrt = {hidden}, .keep = true, .observer = observer});
  CHECK(seen == std::vector<std::string>{"sum", "matmul"});  // and relu's rule is not run
  CHECK(values(inner[hidden]) == std::vector<double>(8, 3));
  CHECK_THROWS_WITH(tape.backward(loss, {.wrt = {x}, .keep = true}),
                    Catch::Contains("a tensor of shape [4, 3] in wrt is not on this tape"));
}

TEST_CASE("writing to a saved tensor is found out") {
  Tensor a = vector_of({1, 2});
  Tape tape;
  tape.watch(a);
  Tensor b = affine(a, {.factor = 3});
  const Tensor loss = sum(b * b);
  b.mutable_data<double>()[0] = 100;
  CHECK_THROWS_WITH(
      tape.backward(loss),
      Catch::Matches("\\[multiply\\] a saved tensor of shape \\[2\\] was at version 1 and is now at 2: it was written "
                     "to between forward and backward; clone\\(\\) it first \\(tape_test\\.cpp:[0-9]+\\)"));
}

TEST_CASE("a write through a reshape is found out as well") {
  const Tensor a = vector_of({1, 2, 3, 4});
  Tape tape;
  tape.watch(a);
  const Tensor b = affine(a, {.factor = 3}), loss = sum(b * b);
  Tensor square = reshape(b, {2, 2});
  square.mutable_data<double>()[0] = 100;
  CHECK_THROWS_WITH(tape.backward(loss), Catch::Contains("was at version 1 and is now at 2"));
}

TEST_CASE("a tape is consumed unless it is kept") {
  const Tensor a = vector_of({2});
  Tape tape;
  tape.watch(a);
  const Tensor y = a * a;
  CHECK(tape.backward(y, {.keep = true})[a].item() == 4);
  CHECK(tape.backward(y)[a].item() == 4);
  CHECK_THROWS_WITH(tape.backward(y), Catch::Matches("\\[backward\\] this tape was consumed by backward at line "
                                                     "[0-9]+; pass \\{\\.keep = true\\} there to go back twice.*"));
  CHECK_THROWS_WITH(y * y, Catch::Contains("[multiply] this tape was consumed by backward at line"));
}

TEST_CASE("a value of a tape that is gone is refused, its detached value is not") {
  const Tensor a = vector_of({2});
  Tensor old;
  {
    Tape tape;
    tape.watch(a);
    old = a * a;
  }
  Tape tape;
  tape.watch(a);
  CHECK_THROWS_WITH(old * a,
                    Catch::Matches("\\[tape\\] a tensor of shape \\[1\\] was recorded on tape [0-9]+, which is "
                                   "gone, and is used on tape [0-9]+; detach\\(\\) it to use its value.*"));
  CHECK(tape.backward(old.detach() * a)[a].item() == 4);
}

TEST_CASE("nothing is recorded without a tape, under NoTape, or for constants") {
  const Tensor a = vector_of({2});
  CHECK((a * a).slot() == Slot{});
  Tape tape;
  tape.watch(a);
  {
    NoTape silent;
    CHECK((a * a).slot() == Slot{});
    CHECK(Tape::active() == nullptr);
  }
  CHECK(Tape::active() == &tape);
  const Tensor constant = vector_of({5});
  CHECK((constant * constant).slot() == Slot{});
  CHECK(tape.nodes().size() == 1);
  CHECK((a * a).slot() != Slot{});
  CHECK(tape.nodes().size() == 2);
}

TEST_CASE("detach is a constant, even of a leaf") {
  const Tensor a = vector_of({3});
  Tape tape;
  tape.watch(a);
  CHECK(tape.backward(a * a.detach(), {.keep = true})[a].item() == 3);
  CHECK(
      tape.backward(a * reshape(a.detach(), {1, 1}), {.seed = Tensor::scalar(1, DType::f64).view({1, 1})})[a].item() ==
      3);
}

TEST_CASE("nested tapes: a value of the outer one is a constant to the inner, unless watched there") {
  const Tensor a = vector_of({3}), b = vector_of({5});
  Tape outer;
  outer.watch(a);
  const Tensor square = a * a;
  {
    Tape inner;
    inner.watch(b);
    CHECK(inner.backward(square * b)[b].item() == 9);
  }
  {
    Tape inner;
    inner.watch(square);
    CHECK(inner.backward(square * square)[square].item() == 18);
  }
  CHECK(outer.backward(square * b)[a].item() == 30);
}

TEST_CASE("a reshape of a leaf made before it was watched is not taken for the leaf") {
  const Tensor a = vector_of({1, 2, 3, 4});
  const Tensor early = reshape(a, {2, 2});
  Tape tape;
  tape.watch(a);
  CHECK_THROWS_WITH(sum(early), Catch::Contains("shape [2, 2]") && Catch::Contains("leaf of shape [4]"));
  CHECK(values(tape.backward(sum(reshape(a, {2, 2})))[a]) == std::vector<double>{1, 1, 1, 1});
}

TEST_CASE("a chain of a million operations needs no stack", "[full]") {
  const Tensor a = vector_of({1});
  Tape tape;
  tape.watch(a);
  Tensor x = a;
  for (int i = 0; i < 1'000'000; ++i) x = affine(x, {.offset = 1});
  CHECK(x.item() == 1'000'001);
  CHECK(tape.nodes().size() == 1'000'001);
  CHECK(tape.backward(x)[a].item() == 1);
}

TEST_CASE("a tape that only counts keeps nothing and does not go backward") {
  const Tensor x = Tensor::full({2, 3}, 1), w = Tensor::full({3, 4}, 2);
  Tape tape({.counting_only = true});
  tape.watch(w);
  const Tensor y = matmul(x, w);
  CHECK(tape.macs() == 24);
  CHECK(tape.saved_bytes() == 0);
  CHECK_THROWS_WITH(tape.backward(sum(y)), Catch::Contains("only counts"));
}

}  // namespace nascent
