#include "nas/supernet/lecture_supernet.h"

#include "engine/ops/ops.h"
#include "nas/space/heads.h"
#include "nas/space/operations.h"

namespace nascent::nas {

LectureSupernet::LectureSupernet(const Space& chain, const SupernetOptions& options) : Supernet(chain, options) {
  const Scope root = store().root();
  const auto operation_count = static_cast<std::int64_t>(space().operations.size());
  stem_ = make_stem(root / "stem", {.in = options.image.channels, .out = options.channels, .relu = true});
  for (std::size_t c = 0; c < space().cells.size(); ++c) {
    std::vector<Edge>& cell = cells_.emplace_back();
    for (std::size_t k = 0; k < space().edges.size(); ++k) {
      const Scope scope = root / "cells" / static_cast<std::int64_t>(c) / "edges" / static_cast<std::int64_t>(k);
      std::vector<std::unique_ptr<Module>> operations;
      for (std::int64_t o = 0; o < operation_count; ++o)
        operations.push_back(make_lecture_operation(space().operations[o], scope / "ops" / o, options.channels));
      cell.push_back({MixedEdge(std::move(operations)), add_alpha((scope / "alpha").prefix(), {operation_count})});
    }
  }
  head_ = make_classifier(root / "fc", {.in = options.channels, .classes = options.classes});
}

Tensor LectureSupernet::forward(const Tensor& images, const Context& context) const {
  Tensor x = stem_->forward(images, context);
  for (const std::vector<Edge>& cell : cells_)
    for (const Edge& edge : cell) x = edge.mixed.residual(x, nascent::softmax(edge.alpha), context);
  return head_->forward(x, context);
}

std::vector<AlphaMatrix> LectureSupernet::alpha_matrices() const {
  std::vector<AlphaMatrix> cells;
  for (const std::vector<Edge>& cell : cells_) {
    AlphaMatrix& matrix = cells.emplace_back();
    for (const Edge& edge : cell) {
      std::vector<double>& row = matrix.emplace_back();
      for (std::int64_t i = 0; i < edge.alpha.elements(); ++i) row.push_back(edge.alpha.at(i));
    }
  }
  return cells;
}

}  // namespace nascent::nas
