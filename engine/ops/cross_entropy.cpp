#include "engine/autograd/op.h"
#include "engine/ops/checks.h"
#include "engine/ops/ops.h"
#include "kernels/softmax.h"

namespace nascent {
namespace {

const Op kCrossEntropy{"cross_entropy", "dx = dy / rows * (softmax(x) - onehot(label))"};

using Labels = std::shared_ptr<const std::vector<std::int32_t>>;

Labels checked_labels(const Tensor& logits, std::span<const std::int32_t> labels, const Where& where) {
  expect_operands(kCrossEntropy.name, {&logits}, where);
  expect_rank(kCrossEntropy.name, "logits", logits, 2, where);
  const std::int64_t rows = logits.shape()[0], classes = logits.shape()[1];
  if (rows == 0 || classes == 0)
    broken(kCrossEntropy.name, "expected at least one row and one class, got " + logits.shape().text(), where);
  if (static_cast<std::int64_t>(labels.size()) != rows)
    broken(kCrossEntropy.name,
           "expected " + std::to_string(rows) + " labels for logits " + logits.shape().text() + ", got " +
               std::to_string(labels.size()),
           where);
  for (std::int32_t label : labels)
    if (label < 0 || label >= classes)
      broken(kCrossEntropy.name,
             "expected labels in [0, " + std::to_string(classes) + "), got " + std::to_string(label), where);
  return std::make_shared<const std::vector<std::int32_t>>(labels.begin(), labels.end());
}

Tensor fused_gradient(const Tensor& x, const Labels& labels, double scale) {
  Tensor dx = Tensor::empty(x.shape(), x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    kernels::cross_entropy_grad({.rows = x.rows(), .classes = x.columns()}, x.data<T>(), labels->data(),
                                static_cast<T>(scale), dx.mutable_data<T>());
  });
  return dx;
}

// The same in ops, for a gradient that will be differentiated again.
Tensor recorded_gradient(const Tensor& x, const Labels& labels, const Tensor& dy) {
  Tensor onehot = Tensor::zeros(x.shape(), x.dtype());
  visit(x.dtype(), [&](auto zero) {
    auto rows = onehot.mutable_matrix<decltype(zero)>();
    for (std::int64_t row = 0; row < rows.rows(); ++row) rows(row, (*labels)[row]) = 1;
  });
  return multiply(affine(dy, {.factor = 1.0 / static_cast<double>(x.rows())}), subtract(softmax(x), onehot));
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, std::span<const std::int32_t> labels, Where where) {
  const Labels kept = checked_labels(logits, labels, where);
  Tensor loss = Tensor::empty({}, logits.dtype());
  visit(logits.dtype(), [&](auto zero) {
    using T = decltype(zero);
    Tensor scratch = Tensor::scratch(logits.rows(), logits.dtype());
    kernels::cross_entropy({.rows = logits.rows(), .classes = logits.columns()}, logits.data<T>(), kept->data(),
                           loss.mutable_data<T>(), scratch.mutable_data<T>());
  });
  return record(kCrossEntropy, {logits}, loss,
                {.save = {logits},
                 .rule =
                     [kept](Vjp& v) {
                       v.add(0, v.recording() ? recorded_gradient(v.saved(0), kept, v.dy())
                                              : fused_gradient(v.saved(0), kept, v.dy().item()));
                     }},
                where);
}

}  // namespace nascent
