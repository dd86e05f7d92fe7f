#pragma once
// Where one image of a mixed edge lies in a worker's scratch: the geometry shared by the kernels and by the functions
// that size it. 32 x 32 x 16 floats between borders of 4 are 100 KB: what a branch passes over, going backward three
// such planes beside dy and z, stays in an L2 of 512 KB (Zen 2 and 3), because what lies between the two convolutions
// is a band of rows.
#include <cstdint>

#include "kernels/edge_branches.h"
#include "kernels/padded_band.h"
#include "kernels/parallel.h"

namespace nascent::kernels {

// Half of L1 (32 KB), in floats: a band of rows between the two convolutions.
static constexpr std::int64_t kEdgeBandFloats = 4096;

// Where tensors are passed over as they lie in memory, a channel's coefficients come as the channels do where these
// fill vectors, else pixel by pixel; and repeated to at least a vector.
[[gnu::always_inline]] static inline std::int64_t coefficient_lanes(std::int64_t channels) {
  return channels == 4 || channels == 8 ? channels : round_up(channels, 16);
}
[[gnu::always_inline]] static inline std::int64_t coefficient_period(std::int64_t channels) {
  return coefficient_lanes(channels) < 16 ? 16 : coefficient_lanes(channels);
}

struct EdgePlane {
  std::int64_t height, width, channels, stride, out_height, out_width;
  std::int64_t pad;  // of the widest separable branch

  static EdgePlane of(int groups, const EdgeGroup* group) {
    std::int64_t pad = 0;
    for (int k = 0; k < groups; ++k)
      for (int b = 0; b < group[k].count; ++b) {
        const EdgeBranch& branch = group[k].branches[b];
        if (branch.kind == EdgeBranchKind::separable && branch.padding() > pad) pad = branch.padding();
      }
    const EdgeInput& in = group[0].in;
    return {in.height, in.width, in.channels, in.stride, in.out_height(), in.out_width(), pad};
  }

  // Channels of a pixel in a plane: whole vectors, or the narrowest vector that holds them.
  [[gnu::always_inline]] std::int64_t lanes() const {
    return channels <= 4 ? 4 : channels <= 8 ? 8 : round_up(channels, 16);
  }
  // Coefficients a channel are repeated to at least a vector.
  [[gnu::always_inline]] std::int64_t period() const { return lanes() < 16 ? 16 : lanes(); }
  [[gnu::always_inline]] std::int64_t in_pixels() const { return height * width; }
  [[gnu::always_inline]] std::int64_t out_pixels() const { return out_height * out_width; }
  [[gnu::always_inline]] std::int64_t in_pitch() const { return pitch(width); }
  [[gnu::always_inline]] std::int64_t out_pitch() const { return pitch(out_width); }
  // Floats between rows of a padded plane of so many columns inside: an odd number of lines, for 16 pixels of 64
  // channels are 4 KB, and rows that far apart share a set of 8 ways in an L1 of 32 KB.
  [[gnu::always_inline]] std::int64_t pitch(std::int64_t columns) const {
    return round_up((columns + 2 * pad) * lanes(), 16) | 16;
  }

  // Planes, in floats; 64 beyond the end, where a vector may read.
  [[gnu::always_inline]] std::int64_t padded_in() const { return round_up((height + 2 * pad) * in_pitch() + 64, 16); }
  [[gnu::always_inline]] std::int64_t padded_out() const {
    return round_up((out_height + 2 * pad) * out_pitch() + 64, 16);
  }
  [[gnu::always_inline]] std::int64_t dense_in() const { return round_up(in_pixels() * lanes() + 64, 16); }
  [[gnu::always_inline]] std::int64_t dense_out() const { return round_up(out_pixels() * lanes() + 64, 16); }
  // Output rows of a band, and its floats.
  [[gnu::always_inline]] std::int64_t band_rows() const {
    const std::int64_t fit = kEdgeBandFloats / (out_width * lanes());
    return fit < 1 ? 1 : fit < out_height ? fit : out_height;
  }
  [[gnu::always_inline]] std::int64_t band() const { return round_up(band_rows() * out_width * lanes() + 64, 16); }
  // A flag; relu(x) padded; the padded gradient; two bands; dx; a pool's values; the gradients of two; a byte a winner.
  [[gnu::always_inline]] std::int64_t worker_floats() const {
    return 16 + padded_in() + padded_out() + 2 * band() + 3 * dense_in() + dense_out() + round_up(dense_out() / 4, 16);
  }

  // A branch's weights as the kernels read them: taps repeated to the period, the matrix packed the way it is needed.
  [[gnu::always_inline]] std::int64_t packed_depthwise(const EdgeBranch& b) const {
    return b.kernel * b.kernel * period();
  }
  [[gnu::always_inline]] std::int64_t packed_pointwise() const {
    return round_up(channels * round_up(channels, 16), 16);
  }
  [[gnu::always_inline]] std::int64_t packed(const EdgeBranch& b) const {
    return packed_depthwise(b) + packed_pointwise();
  }
  // A chunk's share of the gradient of a branch's weights.
  [[gnu::always_inline]] std::int64_t weight_grads(const EdgeBranch& b) const {
    return round_up(b.kernel * b.kernel * lanes() + channels * channels, 16);
  }
};

// Chunks of images with a buffer of weight gradients each: small ones, so that at the end nobody waits long for the
// last, and fewer where the matrix of gradients, which every chunk clears and adds, is large beside an image.
static inline constexpr std::int64_t edge_grad_chunks(std::int64_t batch, std::int64_t pixels, std::int64_t channels) {
  const std::int64_t fit = 4 * pixels / channels, most = fit < 16 ? 16 : fit < 64 ? fit : 64;
  return batch < most ? batch : most;
}

}  // namespace nascent::kernels
