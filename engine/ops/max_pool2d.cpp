// Max pooling. Which tap won a window is kept, a byte an output element. With the winners fixed, pooling is a linear
// map (the gather) and going backward is its adjoint (the scatter); each is the other's backward rule.
#include "engine/autograd/op.h"
#include "engine/ops/image_checks.h"
#include "engine/tensor/buffer_pool.h"
#include "kernels/pool2d.h"

namespace nascent {
namespace {

const Op kMaxPool{"max_pool2d", "dx = max_pool2d_scatter(dy, winning taps)"};
const Op kScatter{"max_pool2d_scatter", "for g = d(dx):  d(dy) = max_pool2d_gather(g, winning taps)"};
const Op kGather{"max_pool2d_gather", "dx = max_pool2d_scatter(dy, winning taps)"};

using namespace image_checks;

void expect_taps(const char* who, const WinningTaps& taps, const Where& where) {
  if (!taps) refuse(who, "the winning taps of a max pooling", "none", where);
}

}  // namespace

Tensor max_pool2d(const Tensor& x, PoolOptions options, Where where) {
  expect_defined(kMaxPool.name, "input", x, where);
  const kernels::PoolShape s = pool_shape(kMaxPool.name, x.shape(), options, where);
  Tensor y = Tensor::empty(output_shape(s), x.dtype());
  const auto bytes = BufferPool::instance().take(static_cast<std::size_t>(y.elements()));
  const std::shared_ptr<std::uint8_t> taps(bytes, reinterpret_cast<std::uint8_t*>(bytes.get()));
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    kernels::max_pool2d(s, x.data<T>(), y.mutable_data<T>(), taps.get());
  });
  const Rule rule = [taps = WinningTaps(taps), input = x.shape(), options, where](Vjp& v) {
    v.add(0, max_pool2d_scatter(v.dy(), taps, input, options, where));
  };
  return record(kMaxPool, {x}, y, {.rule = rule}, where);
}

Tensor max_pool2d_scatter(const Tensor& dy, const WinningTaps& taps, const Shape& input, PoolOptions options,
                          Where where) {
  expect_defined(kScatter.name, "dy", dy, where);
  expect_taps(kScatter.name, taps, where);
  const kernels::PoolShape s = pool_shape(kScatter.name, input, options, where);
  expect_shape(kScatter.name, "dy", dy.shape(), output_shape(s), where);
  Tensor dx = Tensor::empty(input, dy.dtype());
  visit(dy.dtype(), [&](auto zero) {
    using T = decltype(zero);
    kernels::max_pool2d_scatter(s, dy.data<T>(), taps.get(), dx.mutable_data<T>());
  });
  const Rule rule = [taps, options, where](Vjp& v) { v.add(0, max_pool2d_gather(v.dy(), taps, options, where)); };
  return record(kScatter, {dy}, dx, {.rule = rule}, where);
}

Tensor max_pool2d_gather(const Tensor& x, const WinningTaps& taps, PoolOptions options, Where where) {
  expect_defined(kGather.name, "input", x, where);
  expect_taps(kGather.name, taps, where);
  const kernels::PoolShape s = pool_shape(kGather.name, x.shape(), options, where);
  Tensor y = Tensor::empty(output_shape(s), x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    kernels::max_pool2d_gather(s, x.data<T>(), taps.get(), y.mutable_data<T>());
  });
  const Rule rule = [taps, input = x.shape(), options, where](Vjp& v) {
    v.add(0, max_pool2d_scatter(v.dy(), taps, input, options, where));
  };
  return record(kGather, {x}, y, {.rule = rule}, where);
}

}  // namespace nascent
