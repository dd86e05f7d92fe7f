#include "engine/ops/mixed_cell.h"
#include "engine/ops/ops.h"
#include "tests/op_table/op_table.h"

namespace nascent {
namespace {

using Kind = MixedBranch::Kind;
using Run = MixedCell (*)(std::span<const Tensor>, std::span<const MixedEdgeOperands>, MixedCellOptions, Where);

// Blocks of an edge by kernel and dilation, in the order in which their weights follow the edge's weights and skip.
struct BlockSize {
  std::int64_t kernel, dilation;
};
struct EdgePlan {
  int source = 0, target = 1;
  std::int64_t stride = 1;
  std::vector<Kind> plain = {};                        // skip and pools
  std::vector<std::vector<BlockSize>> separable = {};  // branches of one or two blocks
  bool own_skip = false;                               // what the skip adds is an input of its own
  bool derived = false;  // as in a derived network: no weights, norms with gamma and beta, pools without one
};

struct CellPlan {
  Shape x;  // of every input
  std::vector<EdgePlan> edges;
  int inputs = 1;

  std::vector<Shape> operand_shapes() const {
    std::vector<Shape> shapes(static_cast<std::size_t>(inputs), x);
    for (const EdgePlan& e : edges) {
      const std::int64_t c = x[3];
      if (!e.derived) shapes.push_back({static_cast<std::int64_t>(1 + e.plain.size() + e.separable.size())});
      if (e.own_skip) shapes.push_back({x[0], (x[1] - 1) / e.stride + 1, (x[2] - 1) / e.stride + 1, c});
      for (const auto& branch : e.separable)
        for (const BlockSize& b : branch) {
          shapes.insert(shapes.end(), {{b.kernel, b.kernel, c}, {1, 1, c, c}});
          if (e.derived) shapes.insert(shapes.end(), {{c}, {c}});
        }
    }
    return shapes;
  }
  std::vector<MixedEdgeOperands> operands(const std::vector<Tensor>& in) const {
    std::vector<MixedEdgeOperands> all;
    auto next = static_cast<std::size_t>(inputs);
    for (const EdgePlan& e : edges) {
      MixedEdgeOperands edge{.source = e.source, .target = e.target, .stride = e.stride};
      if (!e.derived) edge.weights = in[next++];
      if (e.own_skip) edge.skip = in[next++];
      std::int64_t weight = 1;  // the first is `none`'s
      for (const Kind kind : e.plain)
        edge.branches.push_back({.kind = kind, .pool_norm = !e.derived, .weight = weight++});
      for (const auto& branch : e.separable) {
        MixedBranch& b = edge.branches.emplace_back();
        b.kind = Kind::separable, b.weight = weight++;
        for (const BlockSize& size : branch) {
          SeparableBlock& block = b.blocks.emplace_back();
          block.depthwise = in[next++], block.pointwise = in[next++], block.dilation = size.dilation;
          if (e.derived) block.gamma = in[next++], block.beta = in[next++];
        }
      }
      all.push_back(std::move(edge));
    }
    return all;
  }
};

Sample sample(Run run, const std::string& text, const CellPlan& plan, MixedCellOptions options = {}) {
  return {text + " " + plan.x.text(), plan.operand_shapes(), [=](const auto& in) {
            const auto inputs = std::span(in).first(static_cast<std::size_t>(plan.inputs));
            return concat(run(inputs, plan.operands(in), options, Where::current()).nodes);
          }};
}

EdgePlan darts_edge(std::int64_t stride) {
  return {.stride = stride,
          .plain = {Kind::max_pool, Kind::avg_pool, Kind::skip},
          .separable = {{{3, 1}, {3, 1}}, {{5, 1}, {5, 1}}, {{3, 2}}, {{5, 2}}},
          .own_skip = stride > 1};
}

// Two inputs and two nodes: each input is left by two edges, the first node by one.
CellPlan small_cell(const Shape& x, std::int64_t stride) {
  EdgePlan edge{.stride = stride,
                .plain = {Kind::max_pool, Kind::avg_pool, Kind::skip},
                .separable = {{{3, 1}, {3, 1}}, {{3, 2}}},
                .own_skip = stride > 1};
  CellPlan cell{x, {}, 2};
  for (const auto& [source, target] : {std::pair{0, 2}, {1, 2}, {0, 3}, {1, 3}, {2, 3}}) {
    edge.source = source, edge.target = target;
    if (source == 2) edge.stride = 1, edge.own_skip = false;
    cell.edges.push_back(edge);
  }
  return cell;
}

MixedEdgeOperands skip_edge(std::int64_t stride = 1, std::int64_t weight = 0) {
  return {.weights = Tensor::zeros({2}), .stride = stride, .branches = {{.kind = Kind::skip, .weight = weight}}};
}
MixedEdgeOperands skip_edge_between(int source, int target) {
  MixedEdgeOperands edge = skip_edge();
  edge.source = source, edge.target = target;
  return edge;
}

ErrorCase error(Run run, const std::vector<Shape>& inputs, const std::vector<MixedEdgeOperands>& edges,
                const std::string& message) {
  return {[=] {
            std::vector<Tensor> zeros;
            for (const Shape& shape : inputs) zeros.push_back(Tensor::zeros(shape));
            run(zeros, edges, {}, Where::current());
          },
          "\\[mixed_cell\\] expected " + message};
}

OpRow row(const std::string& op, Run run) {
  MixedEdgeOperands bad_kernel = skip_edge(), bad_pointwise = bad_kernel, no_blocks = bad_kernel;
  bad_kernel.branches.push_back(
      {.kind = Kind::separable, .blocks = {{Tensor::zeros({4, 4, 2}), Tensor::zeros({1, 1, 2, 2})}}});
  bad_pointwise.branches.push_back(
      {.kind = Kind::separable, .blocks = {{Tensor::zeros({3, 3, 2}), Tensor::zeros({1, 1, 2, 3})}}});
  no_blocks.branches.push_back({.kind = Kind::separable});
  const Shape x{1, 4, 4, 2};
  return {
      .op = op,
      .formula =
          "node = sum over edges into it and their branches of weights[branch] * branch(source), every branch but a "
          "skip ending in a batch norm",
      .samples = {sample(run, "one edge of all branches", {{2, 6, 5, 3}, {darts_edge(1)}}),
                  sample(run, "two edges",
                         {{2, 4, 4, 4}, {darts_edge(1), {.plain = {Kind::skip}, .separable = {{{3, 1}}}}}}),
                  sample(run, "a cell of", small_cell({2, 4, 5, 3}, 1)),
                  sample(run, "a reduction cell of", small_cell({2, 5, 4, 2}, 2)),
                  sample(run, "stride 2 into", {{2, 5, 6, 2}, {darts_edge(2)}}),
                  sample(run, "a derived node",
                         {{2, 5, 4, 3},
                          {{.plain = {Kind::max_pool, Kind::avg_pool, Kind::skip}, .derived = true},
                           {.separable = {{{3, 1}, {3, 1}}, {{5, 2}}}, .derived = true}}}),
                  sample(run, "recomputed", {{2, 4, 3, 2}, {darts_edge(1)}}, {.recompute = Recompute::branches}),
                  sample(run, "first blocks recomputed", {{2, 3, 4, 2}, {darts_edge(1)}},
                         {.recompute = Recompute::first_blocks})},
      .errors = {error(run, {}, {skip_edge()}, "at least 1 input, got none"),
                 error(run, {x}, {}, "at least 1 edge, got none"),
                 error(run, {{4, 4, 2}}, {skip_edge()},
                       "input \\[batch, height, width, channels\\], got \\[4, 4, 2\\]"),
                 error(run, {x, {1, 4, 4, 3}}, {skip_edge_between(0, 2)}, "inputs of 2 channels, got \\[1, 4, 4, 3\\]"),
                 error(run, {x}, {skip_edge(0)}, "a stride of at least 1, got 0"),
                 error(run, {x}, {skip_edge(1, 7)}, "a branch's weight among 2, got 7"),
                 error(run, {x}, {skip_edge_between(1, 1)}, "a source before the target 1, got 1"),
                 error(run, {x}, {skip_edge(), skip_edge_between(0, 3)},
                       "edges in order of their targets, this one into node 2 or the one before, got 3"),
                 error(run, {x, {1, 5, 4, 2}}, {skip_edge_between(0, 2), skip_edge_between(1, 2)},
                       "an edge's output of shape \\[1, 4, 4, 2\\], got \\[1, 5, 4, 2\\]"),
                 error(run, {x}, {skip_edge(2)}, "what a skip adds of shape \\[1, 2, 2, 2\\], got \\[1, 4, 4, 2\\]"),
                 error(run, {x}, {bad_kernel}, "an odd depthwise kernel of at most 15, got \\[4, 4, 2\\]"),
                 error(run, {x}, {bad_pointwise}, "pointwise weight of shape \\[1, 1, 2, 2\\], got \\[1, 1, 2, 3\\]"),
                 error(run, {x}, {no_blocks}, "blocks in separable branches and nowhere else, got 0 blocks")},
      .exact_on_integers = false,
      .benchmark = {sample(run, "one edge of all branches", {{64, 32, 32, 16}, {darts_edge(1)}}),
                    sample(run, "one edge of all branches", {{64, 16, 16, 32}, {darts_edge(1)}}),
                    sample(run, "one edge of all branches", {{64, 8, 8, 64}, {darts_edge(1)}})}};
}

}  // namespace

std::vector<OpRow> mixed_cell_rows() {
  return {row("mixed_cell", mixed_cell), row("mixed_cell_in_ops", mixed_cell_in_ops)};
}

}  // namespace nascent
