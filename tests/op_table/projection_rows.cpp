#include "engine/ops/projection.h"

#include "engine/ops/ops.h"
#include "tests/op_table/op_table.h"

namespace nascent {
namespace {

using Run = std::vector<Projected> (*)(const ProjectionOperands&, ProjectionOptions, Where);

struct Plan {
  Shape x;  // channels: of the first part
  std::vector<std::int64_t> other_channels = {};
  std::vector<std::int64_t> outputs = {2};  // of each head
  bool halved = false, affine = false;

  std::vector<Shape> inputs() const {
    std::vector<Shape> shapes = {x};
    std::int64_t in = x[3];
    for (const std::int64_t channels : other_channels) {
      shapes.push_back({x[0], x[1], x[2], channels});
      in += channels;
    }
    for (const std::int64_t n : outputs) {
      for (int half = 0; half < (halved ? 2 : 1); ++half) shapes.push_back({1, 1, in, halved ? n / 2 : n});
      if (affine) shapes.insert(shapes.end(), {{n}, {n}});
    }
    return shapes;
  }
  ProjectionOperands operands(const std::vector<Tensor>& in) const {
    auto next = in.begin() + 1 + static_cast<std::ptrdiff_t>(other_channels.size());
    ProjectionOperands o{.parts = {in.begin(), next}, .heads = {}};
    for (std::size_t h = 0; h < outputs.size(); ++h) {
      ProjectionHead& head = o.heads.emplace_back();
      for (int half = 0; half < (halved ? 2 : 1); ++half) head.weights.push_back(*next++);
      if (affine) head.gamma = *next++, head.beta = *next++;
    }
    return o;
  }
};

// All heads side by side.
Sample sample(Run run, const std::string& text, const Plan& plan) {
  return {text + " " + plan.x.text(), plan.inputs(), [=](const auto& in) {
            std::vector<Tensor> ys;
            for (const Projected& p : run(plan.operands(in), {}, Where::current())) ys.push_back(p.y);
            return concat(ys);
          }};
}

ErrorCase error(Run run, const std::vector<Tensor>& parts, const std::vector<std::vector<Tensor>>& weights,
                const std::string& message) {
  ProjectionOperands operands{.parts = parts, .heads = {}};
  for (const std::vector<Tensor>& head : weights) operands.heads.push_back({head});
  return {[=] { run(operands, {}, Where::current()); }, "\\[projection\\] expected " + message};
}

OpRow row(const std::string& op, Run run) {
  const Tensor x = Tensor::zeros({2, 4, 4, 3}), w = Tensor::zeros({1, 1, 3, 2});
  return {
      .op = op,
      .formula =
          "y = batch_norm(conv1x1(relu(concat(parts)), w)) for every head's w; with two weights at stride 2 side by "
          "side, the second one pixel on",
      .samples = {sample(run, "one part", {{2, 4, 3, 3}}), sample(run, "three parts", {{2, 3, 5, 4}, {1, 5}, {3}}),
                  sample(run, "two heads", {{2, 3, 5, 4}, {1}, {3, 2}}),
                  sample(run, "with gamma and beta", {{3, 2, 4, 2}, {2}, {4, 3}, false, true}),
                  sample(run, "a factorized reduce", {{2, 5, 4, 3}, {2}, {4}, true}),
                  sample(run, "two of them", {{2, 5, 4, 3}, {2}, {4, 2}, true}),
                  sample(run, "one with gamma and beta", {{2, 4, 5, 2}, {}, {2}, true, true})},
      .errors = {error(run, {}, {{w}}, "at least 1 part, got none"), error(run, {x}, {}, "at least 1 head, got none"),
                 error(run, {x}, {{}}, "1 or 2 weights, got 0"),
                 error(run, {x}, {{w}, {w, w}}, "heads with as many weights as the first, 1, got 2"),
                 error(run, {x, Tensor::zeros({2, 4, 5, 3})}, {{w}},
                       "part of shape \\[2, 4, 4, 3\\], got \\[2, 4, 5, 3\\]"),
                 error(run, {x, x}, {{w}}, "weight of shape \\[1, 1, 6, 2\\], got \\[1, 1, 3, 2\\]"),
                 error(run, {Tensor::zeros({4, 4, 3})}, {{w}},
                       "parts \\[batch, height, width, channels\\], got \\[4, 4, 3\\]"),
                 error(run, {Tensor::zeros({1, 1, 1, 3})}, {{w}},
                       "at least 2 values a channel to take statistics of, got \\[1, 1, 1, 2\\]")},
      .exact_on_integers = false,
      .benchmark = {sample(run, "four parts to two heads", {{64, 32, 32, 16}, {16, 16, 16}, {16, 16}}),
                    sample(run, "four parts to two heads", {{64, 16, 16, 32}, {32, 32, 32}, {32, 32}}),
                    sample(run, "four parts to two heads", {{64, 8, 8, 64}, {64, 64, 64}, {64, 64}}),
                    sample(run, "a factorized reduce", {{64, 32, 32, 32}, {}, {32}, true})}};
}

}  // namespace

std::vector<OpRow> projection_rows() {
  return {row("projection", projection), row("projection_in_ops", projection_in_ops)};
}

}  // namespace nascent
