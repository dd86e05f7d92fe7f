#pragma once
// One spelling for the two generations of oneDNN's interface: up to 2.x an operation is described by a `desc` of its
// own, from 3.0 on its arguments go to the primitive's description.
#include <dnnl.hpp>

namespace nascent::bench {

inline dnnl::engine& onednn_engine() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

#if DNNL_VERSION_MAJOR >= 3
template <class Primitive, class... Arguments>
typename Primitive::primitive_desc describe(const Arguments&... arguments) {
  return typename Primitive::primitive_desc(onednn_engine(), arguments...);
}
// A backward primitive is chosen with its forward one at hand.
template <class Primitive, class Forward, class... Arguments>
typename Primitive::primitive_desc describe_backward(const Forward& forward, const Arguments&... arguments) {
  return typename Primitive::primitive_desc(onednn_engine(), arguments..., forward);
}
using PoolForward = dnnl::pooling_forward;
using PoolBackward = dnnl::pooling_backward;
#else
template <class Primitive, class... Arguments>
typename Primitive::primitive_desc describe(const Arguments&... arguments) {
  return {typename Primitive::desc(arguments...), onednn_engine()};
}
template <class Primitive, class Forward, class... Arguments>
typename Primitive::primitive_desc describe_backward(const Forward& forward, const Arguments&... arguments) {
  return {typename Primitive::desc(arguments...), onednn_engine(), forward};
}
using PoolForward = dnnl::pooling_v2_forward;
using PoolBackward = dnnl::pooling_v2_backward;
#endif

inline dnnl::memory::desc any_layout(const dnnl::memory::dims& dims) {
  return {dims, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any};
}

}  // namespace nascent::bench
