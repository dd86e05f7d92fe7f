#include "bench/peers/onednn.h"

#include <algorithm>
#include <dnnl.hpp>
#include <unordered_map>

#include "bench/peers/onednn_desc.h"
#include "bench/support/buffer.h"
#include "bench/support/statistics.h"
#include "bench/support/stopwatch.h"

namespace nascent::bench {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;
using Tag = memory::format_tag;

// Buffers of ours under oneDNN's descriptions, in the roles a primitive asks for.
class Call {
 public:
  void give(int role, const memory::desc& desc) {
    const auto floats = static_cast<std::int64_t>(desc.get_size() / sizeof(float) + 1);
    buffers_.push_back(std::make_shared<Buffer>(floats));
    arguments_.insert_or_assign(role, memory(desc, onednn_engine(), buffers_.back()->data()));
  }
  // What a forward run has left: the winners of a max pooling.
  void take_over(int role, const Call& other) {
    arguments_.insert_or_assign(role, other.arguments_.at(role));
    buffers_.insert(buffers_.end(), other.buffers_.begin(), other.buffers_.end());
  }
  std::function<void()> of(const dnnl::primitive& primitive) const {
    return [call = *this, primitive, stream = std::make_shared<dnnl::stream>(onednn_engine())] {
      primitive.execute(*stream, call.arguments_);
      stream->wait();
    };
  }

 private:
  std::vector<std::shared_ptr<Buffer>> buffers_;
  std::unordered_map<int, memory> arguments_;
};

template <class Desc>
Peer peer(const Desc& description, std::string layout, std::function<void()> run) {
  return {description.impl_info_str(), std::move(layout), std::move(run)};
}

struct ConvolutionSizes {
  memory::dims x, w, y, stride, dilation, padding;
};

std::vector<Peer> convolution(const ConvolutionSizes& s, Face face) {
  constexpr auto direct = algorithm::convolution_direct;
  const auto x = any_layout(s.x), w = any_layout(s.w), y = any_layout(s.y);
  const auto forward = describe<dnnl::convolution_forward>(prop_kind::forward_training, direct, x, w, y, s.stride,
                                                           s.dilation, s.padding, s.padding);
  Call call;
  switch (face) {
    case Face::forward:
      call.give(DNNL_ARG_SRC, forward.src_desc());
      call.give(DNNL_ARG_WEIGHTS, forward.weights_desc());
      call.give(DNNL_ARG_DST, forward.dst_desc());
      return {peer(forward, "its own", call.of(dnnl::convolution_forward(forward)))};
    case Face::input_grad: {
      const auto backward = describe_backward<dnnl::convolution_backward_data>(forward, direct, x, w, y, s.stride,
                                                                               s.dilation, s.padding, s.padding);
      call.give(DNNL_ARG_DIFF_DST, backward.diff_dst_desc());
      call.give(DNNL_ARG_WEIGHTS, backward.weights_desc());
      call.give(DNNL_ARG_DIFF_SRC, backward.diff_src_desc());
      return {peer(backward, "its own", call.of(dnnl::convolution_backward_data(backward)))};
    }
    default: {
      const auto backward = describe_backward<dnnl::convolution_backward_weights>(forward, direct, x, w, y, s.stride,
                                                                                  s.dilation, s.padding, s.padding);
      call.give(DNNL_ARG_SRC, backward.src_desc());
      call.give(DNNL_ARG_DIFF_DST, backward.diff_dst_desc());
      call.give(DNNL_ARG_DIFF_WEIGHTS, backward.diff_weights_desc());
      return {peer(backward, "its own", call.of(dnnl::convolution_backward_weights(backward)))};
    }
  }
}

Peer pooling(const kernels::PoolShape& s, algorithm kind, Face face, Tag tag, const std::string& layout) {
  const memory::desc x({s.batch, s.channels, s.height, s.width}, memory::data_type::f32, tag);
  const memory::desc y({s.batch, s.channels, s.out_height(), s.out_width()}, memory::data_type::f32, tag);
  const memory::dims stride{s.stride, s.stride}, window{s.kernel, s.kernel}, dense{0, 0}, padding{s.padding, s.padding};
  const auto forward =
      describe<PoolForward>(prop_kind::forward_training, kind, x, y, stride, window, dense, padding, padding);
  Call call;
  call.give(DNNL_ARG_SRC, x);
  call.give(DNNL_ARG_DST, y);
  if (kind == algorithm::pooling_max) call.give(DNNL_ARG_WORKSPACE, forward.workspace_desc());
  const auto run_forward = call.of(PoolForward(forward));
  if (face == Face::forward) return peer(forward, layout, run_forward);
  run_forward();
  const auto backward = describe_backward<PoolBackward>(forward, kind, x, y, stride, window, dense, padding, padding);
  Call back;
  back.give(DNNL_ARG_DIFF_DST, y);
  back.give(DNNL_ARG_DIFF_SRC, x);
  if (kind == algorithm::pooling_max) back.take_over(DNNL_ARG_WORKSPACE, call);
  return peer(backward, layout, back.of(PoolBackward(backward)));
}

memory::desc image_desc(const ImageBatch& s, Tag tag) {
  return {{s.batch, s.channels, s.height, s.width}, memory::data_type::f32, tag};
}

Peer batch_norm(const BatchNorm& s, Face face, Tag tag, const std::string& layout) {
  const memory::desc x = image_desc(s, tag);
  constexpr float epsilon = 1e-5f;
  constexpr auto plain = dnnl::normalization_flags::none;  // no scale and shift, as in the search
#if DNNL_VERSION_MAJOR >= 3
  const auto forward = describe<dnnl::batch_normalization_forward>(prop_kind::forward_training, x, x, epsilon, plain);
#else
  const auto forward = describe<dnnl::batch_normalization_forward>(prop_kind::forward_training, x, epsilon, plain);
#endif
  Call call;
  call.give(DNNL_ARG_SRC, x);
  call.give(DNNL_ARG_DST, x);
  call.give(DNNL_ARG_MEAN, forward.mean_desc());
  call.give(DNNL_ARG_VARIANCE, forward.variance_desc());
  const auto run_forward = call.of(dnnl::batch_normalization_forward(forward));
  if (face == Face::forward) return peer(forward, layout, run_forward);
  run_forward();
#if DNNL_VERSION_MAJOR >= 3
  const auto backward =
      describe_backward<dnnl::batch_normalization_backward>(forward, prop_kind::backward_data, x, x, x, epsilon, plain);
#else
  const auto backward =
      describe_backward<dnnl::batch_normalization_backward>(forward, prop_kind::backward_data, x, x, epsilon, plain);
#endif
  Call back;
  for (const int role : {DNNL_ARG_SRC, DNNL_ARG_MEAN, DNNL_ARG_VARIANCE}) back.take_over(role, call);
  back.give(DNNL_ARG_DIFF_DST, x);
  back.give(DNNL_ARG_DIFF_SRC, x);
  return peer(backward, layout, back.of(dnnl::batch_normalization_backward(backward)));
}

Peer relu(const Relu& s, Face face, Tag tag, const std::string& layout) {
  const memory::desc x = image_desc(s, tag);
  constexpr auto kind = algorithm::eltwise_relu;
#if DNNL_VERSION_MAJOR >= 3
  const auto forward = describe<dnnl::eltwise_forward>(prop_kind::forward_training, kind, x, x, 0.0f, 0.0f);
#else
  const auto forward = describe<dnnl::eltwise_forward>(prop_kind::forward_training, kind, x, 0.0f, 0.0f);
#endif
  Call call;
  call.give(DNNL_ARG_SRC, x);
  if (face == Face::forward) {
    call.give(DNNL_ARG_DST, x);
    return peer(forward, layout, call.of(dnnl::eltwise_forward(forward)));
  }
#if DNNL_VERSION_MAJOR >= 3
  const auto backward = describe_backward<dnnl::eltwise_backward>(forward, kind, x, x, x, 0.0f, 0.0f);
#else
  const auto backward = describe_backward<dnnl::eltwise_backward>(forward, kind, x, x, 0.0f, 0.0f);
#endif
  call.give(DNNL_ARG_DIFF_DST, x);
  call.give(DNNL_ARG_DIFF_SRC, x);
  return peer(backward, layout, call.of(dnnl::eltwise_backward(backward)));
}

struct Peers {
  Face face;

  std::vector<Peer> operator()(const kernels::Conv2dShape& s) const {
    return convolution({.x = {s.batch, s.in_channels, s.height, s.width},
                        .w = {s.out_channels, s.in_channels, s.kernel_h, s.kernel_w},
                        .y = {s.batch, s.out_channels, s.out_height(), s.out_width()},
                        .stride = {s.stride, s.stride},
                        .dilation = {s.dilation - 1, s.dilation - 1},
                        .padding = {s.padding, s.padding}},
                       face);
  }
  std::vector<Peer> operator()(const kernels::DepthwiseShape& s) const {
    return convolution({.x = {s.batch, s.channels, s.height, s.width},
                        .w = {s.channels, 1, 1, s.kernel_h, s.kernel_w},
                        .y = {s.batch, s.channels, s.out_height(), s.out_width()},
                        .stride = {s.stride, s.stride},
                        .dilation = {s.dilation - 1, s.dilation - 1},
                        .padding = {s.padding, s.padding}},
                       face);
  }
  std::vector<Peer> operator()(const MaxPool& s) const {
    return in_both_layouts(
        [&](Tag tag, const char* layout) { return pooling(s, algorithm::pooling_max, face, tag, layout); });
  }
  std::vector<Peer> operator()(const AvgPool& s) const {
    return in_both_layouts([&](Tag tag, const char* layout) {
      return pooling(s, algorithm::pooling_avg_exclude_padding, face, tag, layout);
    });
  }
  std::vector<Peer> operator()(const BatchNorm& s) const {
    return in_both_layouts([&](Tag tag, const char* layout) { return batch_norm(s, face, tag, layout); });
  }
  std::vector<Peer> operator()(const Relu& s) const {
    return in_both_layouts([&](Tag tag, const char* layout) { return relu(s, face, tag, layout); });
  }

  // No primitives of their own; a block is its parts'.
  std::vector<Peer> operator()(const Block&) const { return {}; }
  std::vector<Peer> operator()(const Mix&) const { return {}; }

  template <class Make>
  static std::vector<Peer> in_both_layouts(const Make& make) {
    return {make(Tag::nhwc, "nhwc"), make(Tag::nChw16c, "nChw16c")};
  }
};

// Each on buffers of its own, so that a reorder between them costs nothing.
Peer one_after_another(const std::vector<KernelCase>& parts) {
  std::vector<std::function<void()>> runs;
  Peer sum;
  for (const KernelCase& part : parts) {
    const Peer peer = fastest(onednn_peers(part));
    sum.implementation += (runs.empty() ? "" : " + ") + peer.implementation;
    runs.push_back(peer.run);
  }
  sum.run = [runs] {
    for (const auto& run : runs) run();
  };
  return sum;
}

}  // namespace

std::vector<Peer> onednn_peers(const KernelCase& kernel) {
  if (std::holds_alternative<Block>(kernel.problem)) return {one_after_another(parts_of(kernel))};
  try {
    return std::visit(Peers{kernel.face}, kernel.problem);
  } catch (const dnnl::error& error) {
    if (error.status == dnnl_unimplemented) return {};
    throw;
  }
}

Peer fastest(const std::vector<Peer>& peers) {
  if (peers.size() == 1) return peers.front();
  const auto quick = [](const Peer& peer) { return median(time_alone(peer.run, {.samples = 3})); };
  return *std::min_element(peers.begin(), peers.end(),
                           [&](const Peer& a, const Peer& b) { return quick(a) < quick(b); });
}

std::string onednn_version() {
  const dnnl_version_t* version = dnnl_version();
  return std::to_string(version->major) + "." + std::to_string(version->minor) + "." + std::to_string(version->patch);
}

Implementation kind_of(const std::string& implementation) {
  const auto names = [&](const char* part) { return implementation.find(part) != std::string::npos; };
  if (names("gemm:") && !names("brgemm")) return Implementation::matrix_product;
  if (names("jit") || names("brg")) return Implementation::generated;
  return names("ref") ? Implementation::reference : Implementation::compiled;
}

const char* name(Implementation kind) {
  switch (kind) {
    case Implementation::generated:
      return "generated";
    case Implementation::matrix_product:
      return "matrix product";
    case Implementation::reference:
      return "reference";
    default:
      return "compiled";
  }
}

}  // namespace nascent::bench
