#include "engine/ops/projection_checks.h"

#include "engine/ops/image_checks.h"

namespace nascent {
namespace {

using namespace image_checks;

constexpr const char* kWho = "projection";

void expect_head(const ProjectionOperands& o, const ProjectionHead& head, std::int64_t channels, const Where& where) {
  const std::size_t taps = head.weights.size();
  if (taps < 1 || taps > 2) refuse(kWho, "1 or 2 weights", std::to_string(taps), where);
  if (taps != o.heads[0].weights.size())
    refuse(kWho, "heads with as many weights as the first, " + std::to_string(o.heads[0].weights.size()),
           std::to_string(taps), where);
  for (const Tensor& w : head.weights) {
    expect_defined(kWho, "weight", w, where);
    expect_same_dtype(kWho, o.parts[0], "weight", w, where);
    expect_shape(kWho, "weight", w.shape(), {1, 1, channels, w.shape().rank() == 4 ? w.shape()[3] : 1}, where);
  }
  const Shape out = projection_output(o, head);
  if (head.gamma.defined() != head.beta.defined())
    refuse(kWho, "gamma and beta or neither", head.gamma.defined() ? "gamma alone" : "beta alone", where);
  for (const Tensor* t : {&head.gamma, &head.beta})
    if (t->defined()) {
      expect_same_dtype(kWho, o.parts[0], "gamma or beta", *t, where);
      expect_shape(kWho, "gamma or beta", t->shape(), {out[3]}, where);
    }
  if (out[0] * out[1] * out[2] < 2)
    refuse(kWho, "at least 2 values a channel to take statistics of", out.text(), where);
}

}  // namespace

Shape projection_output(const ProjectionOperands& o, const ProjectionHead& head) {
  const Shape& x = o.parts[0].shape();
  const auto stride = static_cast<std::int64_t>(head.weights.size());
  std::int64_t outputs = 0;
  for (const Tensor& w : head.weights) outputs += w.shape()[3];
  return {x[0], (x[1] - 1) / stride + 1, (x[2] - 1) / stride + 1, outputs};
}

void expect_projection(const ProjectionOperands& o, const Where& where) {
  if (o.parts.empty()) refuse(kWho, "at least 1 part", "none", where);
  std::int64_t channels = 0;
  for (const Tensor& part : o.parts) {
    expect_defined(kWho, "part", part, where);
    expect_same_dtype(kWho, o.parts[0], "part", part, where);
    if (part.shape().rank() != 4 || part.elements() == 0)
      refuse(kWho, "parts [batch, height, width, channels]", part.shape().text(), where);
    Shape like = o.parts[0].shape();
    like[3] = part.shape()[3];
    expect_shape(kWho, "part", part.shape(), like, where);
    channels += part.shape()[3];
  }
  if (o.heads.empty()) refuse(kWho, "at least 1 head", "none", where);
  for (const ProjectionHead& head : o.heads) expect_head(o, head, channels, where);
}

}  // namespace nascent
