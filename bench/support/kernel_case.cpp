#include "bench/support/kernel_case.h"

#include <fmt/format.h>

#include "engine/tensor/error.h"
#include "nas/report/numbers.h"
#include "tests/op_table/stages.h"

namespace nascent::bench {
namespace {

using kernels::Conv2dShape;
using kernels::DepthwiseShape;

constexpr double bytes_of_float = 4;

struct Bytes {
  double read = 0, written = 0;
  int read_passes = 1;
};

// Of a convolution's three tensors two are read and one is written.
Bytes convolution_bytes(Face face, double x, double w, double y) {
  switch (face) {
    case Face::forward:
      return {x + w, y};
    case Face::input_grad:
      return {y + w, x};
    default:
      return {x + y, w};
  }
}

template <class Shape>
double outputs(const Shape& s) {
  return static_cast<double>(s.batch * s.out_height() * s.out_width());
}
template <class Shape>
double inputs(const Shape& s) {
  return static_cast<double>(s.batch * s.height * s.width);
}

struct Work {
  Face face;
  double& flop;

  Bytes operator()(const Conv2dShape& s) const {
    flop = 2.0 * static_cast<double>(s.macs());
    const auto taps = static_cast<double>(s.kernel_h * s.kernel_w * s.in_channels * s.out_channels);
    return convolution_bytes(face, inputs(s) * static_cast<double>(s.in_channels), taps,
                             outputs(s) * static_cast<double>(s.out_channels));
  }
  Bytes operator()(const DepthwiseShape& s) const {
    flop = 2.0 * static_cast<double>(s.macs());
    const auto channels = static_cast<double>(s.channels);
    return convolution_bytes(face, inputs(s) * channels, static_cast<double>(s.kernel_h * s.kernel_w) * channels,
                             outputs(s) * channels);
  }
  Bytes operator()(const MaxPool& s) const {
    constexpr double tap = 1 / bytes_of_float;  // a byte an output says which input won
    const auto channels = static_cast<double>(s.channels);
    const double x = inputs(s) * channels, y = outputs(s) * channels;
    flop = y * static_cast<double>(s.kernel * s.kernel);
    return face == Face::forward ? Bytes{x, y + tap * y} : Bytes{y + tap * y, x};
  }
  Bytes operator()(const AvgPool& s) const {
    const auto channels = static_cast<double>(s.channels);
    const double x = inputs(s) * channels, y = outputs(s) * channels;
    flop = y * static_cast<double>(s.kernel * s.kernel);
    return face == Face::forward ? Bytes{x, y} : Bytes{y, x};
  }
  // The statistics are complete only after a pass over everything, so a second pass must read it again.
  Bytes operator()(const BatchNorm& s) const {
    const auto n = static_cast<double>(s.elements());
    // sum and sum of squares, then one multiply-add; backward two sums and one product, then two multiply-adds
    flop = n * (face == Face::forward ? 5 : 8);
    return face == Face::forward ? Bytes{2 * n, n, 2} : Bytes{4 * n, n, 2};
  }
  Bytes operator()(const Relu& s) const {
    const auto n = static_cast<double>(s.elements());
    flop = n;
    return face == Face::forward ? Bytes{n, n} : Bytes{2 * n, n};
  }
  // The gradient and the output it belongs to are read twice: the batch norm's sums come first.
  Bytes operator()(const Block& s) const {
    const auto n = static_cast<double>(s.elements());
    flop = 2 * n * static_cast<double>(s.kernel * s.kernel + s.channels) * (face == Face::forward ? 1 : 2);
    return face == Face::forward ? Bytes{n, n} : Bytes{5 * n, n};
  }
  Bytes operator()(const Mix& s) const {
    constexpr double pools = 2 * 9, terms = 7, tensors = 4;  // of 3x3 taps; of an edge
    const auto n = static_cast<double>(s.elements()), edges = static_cast<double>(s.edges);
    if (face == Face::forward) {
      flop = n * (pools + edges * 2 * terms);
      return {n * (1 + edges * tensors), n * edges};
    }
    flop = n * (pools + edges * (1 + 2 * terms));  // the sum of dy, and of dy by each term
    return {n * (1 + edges * (tensors + 1)), edges * (1 + terms) * static_cast<double>(s.channels) * 2};  // in double
  }
};

KernelCase kernel_case(std::string kind, std::string where, Face face, const Problem& problem) {
  KernelCase made{.kind = std::move(kind), .where = std::move(where), .face = face, .problem = problem};
  const Bytes floats = std::visit(Work{face, made.flop}, problem);
  made.read_bytes = floats.read * bytes_of_float;
  made.written_bytes = floats.written * bytes_of_float;
  made.read_passes = floats.read_passes;
  return made;
}

void add_backward(std::vector<KernelCase>& all, const std::string& kind, const std::string& where,
                  const Problem& problem) {
  const bool has_weights =
      std::holds_alternative<Conv2dShape>(problem) || std::holds_alternative<DepthwiseShape>(problem);
  all.push_back(kernel_case(kind, where, Face::input_grad, problem));
  if (has_weights) all.push_back(kernel_case(kind, where, Face::weight_grad, problem));
}

void add_faces(std::vector<KernelCase>& all, const std::string& kind, const std::string& where,
               const Problem& problem) {
  all.push_back(kernel_case(kind, where, Face::forward, problem));
  add_backward(all, kind, where, problem);
}

std::string window_text(std::int64_t kernel, std::int64_t stride, std::int64_t dilation) {
  return fmt::format("{0}x{0}{1}{2}", kernel, stride == 2 ? " stride 2" : "", dilation == 2 ? " dilation 2" : "");
}

void add_stage(std::vector<KernelCase>& all, const std::string& where, const ImageBatch& image) {
  const auto [batch, side, width, channels] = image;
  const auto conv = [&](const std::string& kind, std::int64_t in, std::int64_t kernel) {
    add_faces(all, kind, where,
              Conv2dShape{.batch = batch,
                          .height = side,
                          .width = width,
                          .in_channels = in,
                          .out_channels = channels,
                          .kernel_h = kernel,
                          .kernel_w = kernel,
                          .padding = kernel / 2});
  };
  conv("conv 1x1", channels, 1);
  conv("conv 1x1 from 4C", 4 * channels, 1);
  conv("conv 3x3", channels, 3);
  for (const std::int64_t kernel : {3, 5})
    for (const std::int64_t stride : {1, 2})
      for (const std::int64_t dilation : {1, 2})
        add_faces(all, "depthwise " + window_text(kernel, stride, dilation), where,
                  DepthwiseShape{.batch = batch,
                                 .height = side,
                                 .width = width,
                                 .channels = channels,
                                 .kernel_h = kernel,
                                 .kernel_w = kernel,
                                 .stride = stride,
                                 .padding = dilation * (kernel / 2),
                                 .dilation = dilation});
  for (const std::int64_t stride : {1, 2}) {
    const kernels::PoolShape pool{batch, side, width, channels, 3, stride, 1};
    const std::string suffix = stride == 2 ? " stride 2" : "";
    add_faces(all, "max pool 3x3" + suffix, where, MaxPool{pool});
    add_faces(all, "average pool 3x3" + suffix, where, AvgPool{pool});
  }
  add_faces(all, "batch norm", where, BatchNorm{image});
  add_faces(all, "relu", where, Relu{image});
}

void add_blocks(std::vector<KernelCase>& all, const std::string& where, const ImageBatch& image) {
  for (const std::int64_t kernel : {3, 5})
    for (const std::int64_t dilation : {1, 2})
      for (const Face face : {Face::forward, Face::backward})
        all.push_back(
            kernel_case("block " + window_text(kernel, 1, dilation), where, face, Block{image, kernel, dilation}));
}

void add_mixes(std::vector<KernelCase>& all, const std::string& where, const ImageBatch& image) {
  for (const std::int64_t edges : {1, 4})
    for (const Face face : {Face::forward, Face::backward})
      all.push_back(kernel_case("mix " + nas::counted(edges, "edge"), where, face, Mix{image, edges}));
}

struct StageText {
  std::string operator()(const Conv2dShape& s) const {
    return fmt::format("{}x{}x{}x{}", s.batch, s.height, s.width, s.out_channels);
  }
  template <class Shape>
  std::string operator()(const Shape& s) const {
    return fmt::format("{}x{}x{}x{}", s.batch, s.height, s.width, s.channels);
  }
};

struct Sizes {
  std::string operator()(const Conv2dShape& s) const {
    return fmt::format("{}x{}x{}x{}->{}", s.batch, s.height, s.width, s.in_channels, s.out_channels);
  }
  template <class Shape>
  std::string operator()(const Shape& s) const {
    return fmt::format("{}x{}x{}x{}", s.batch, s.height, s.width, s.channels);
  }
};

}  // namespace

const char* name(Face face) {
  switch (face) {
    case Face::forward:
      return "forward";
    case Face::input_grad:
      return "input gradient";
    case Face::weight_grad:
      return "weight gradient";
    default:
      return "backward";
  }
}

std::string KernelCase::stage() const { return std::visit(StageText{}, problem); }

std::string KernelCase::line() const { return where + ", " + text(); }

std::string KernelCase::text() const {
  return fmt::format("{}, {}, {}", kind, name(face), std::visit(Sizes{}, problem));
}

std::vector<KernelCase> kernel_cases() {
  std::vector<KernelCase> all;
  for (const Stage& stage : timed_stages())
    add_stage(all, stage.network, {stage.batch, stage.side, stage.side, stage.channels});
  for (const Stage& stage : timed_stages()) {
    if (!stage.network.starts_with("search")) continue;
    const ImageBatch image{stage.batch, stage.side, stage.side, stage.channels};
    add_blocks(all, stage.network, image);
    add_mixes(all, stage.network, image);
  }
  return all;
}

std::vector<KernelCase> parts_of(const KernelCase& block) {
  const Block& s = std::get<Block>(block.problem);
  const Conv2dShape point{
      .batch = s.batch, .height = s.height, .width = s.width, .in_channels = s.channels, .out_channels = s.channels};
  const DepthwiseShape depthwise{.batch = s.batch,
                                 .height = s.height,
                                 .width = s.width,
                                 .channels = s.channels,
                                 .kernel_h = s.kernel,
                                 .kernel_w = s.kernel,
                                 .padding = s.dilation * (s.kernel / 2),
                                 .dilation = s.dilation};
  std::vector<KernelCase> parts;
  for (const Problem& problem : {Problem(Relu{s}), Problem(depthwise), Problem(point), Problem(BatchNorm{s})})
    if (block.face == Face::forward)
      parts.push_back(kernel_case("part", block.where, Face::forward, problem));
    else
      add_backward(parts, "part", block.where, problem);
  return parts;
}

std::vector<KernelCase> cases_with(const std::string& filter) {
  std::vector<KernelCase> cases = kernel_cases();
  std::erase_if(cases, [&](const KernelCase& kernel) { return kernel.line().find(filter) == std::string::npos; });
  if (cases.empty()) throw UsageError("no kernel's line holds '" + filter + "'; bench_peers --list prints them");
  return cases;
}

}  // namespace nascent::bench
