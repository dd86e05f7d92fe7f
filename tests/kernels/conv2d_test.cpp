#include "kernels/conv2d.h"

#include <catch2/catch.hpp>

#include "tests/support/conv_shapes.h"
#include "tests/support/guarded.h"
#include "tests/support/integers.h"
#include "tests/support/isa_tables.h"

using namespace nascent::kernels;
using namespace nascent::test;

namespace {

std::int64_t inputs(const Conv2dShape& s) { return s.batch * s.height * s.width * s.in_channels; }
std::int64_t outputs(const Conv2dShape& s) { return s.batch * s.out_height() * s.out_width() * s.out_channels; }
std::int64_t weights(const Conv2dShape& s) {
  return s.kernel_h * s.kernel_w * s.in_channels / s.groups * s.out_channels;
}

// Runs one face into guarded buffers and returns what it wrote.
template <class T, class Face>
std::vector<T> guarded(std::int64_t n, std::int64_t scratch_size, const Face& face) {
  Guarded<T> out(n), scratch(scratch_size);
  face(out.data(), scratch.data());
  CHECK(out.fences_stand());
  CHECK(scratch.fences_stand());
  return out.values();
}

// y[n,i,j,o] straight from the definition in conv2d.h, an independent witness for the references.
double output_at(const Conv2dShape& s, const std::vector<double>& x, const std::vector<double>& w, std::int64_t n,
                 std::int64_t i, std::int64_t j, std::int64_t o) {
  const std::int64_t in = s.in_channels / s.groups, group = o / (s.out_channels / s.groups);
  double sum = 0;
  for (std::int64_t u = 0; u < s.kernel_h; ++u)
    for (std::int64_t v = 0; v < s.kernel_w; ++v)
      for (std::int64_t c = 0; c < in; ++c) {
        const std::int64_t row = i * s.stride - s.padding + u * s.dilation;
        const std::int64_t column = j * s.stride - s.padding + v * s.dilation;
        if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
        sum += x[static_cast<std::size_t>(((n * s.height + row) * s.width + column) * s.in_channels + group * in + c)] *
               w[static_cast<std::size_t>(((u * s.kernel_w + v) * in + c) * s.out_channels + o)];
      }
  return sum;
}

struct Faces {
  std::vector<double> y, dx, dw;
};

Faces double_faces(const Conv2dShape& s, const std::vector<double>& x, const std::vector<double>& w,
                   const std::vector<double>& dy) {
  return {guarded<double>(outputs(s), conv2d_forward_scratch<double>(s),
                          [&](double* y, double* t) { conv2d_forward(s, x.data(), w.data(), y, t); }),
          guarded<double>(inputs(s), conv2d_input_grad_scratch<double>(s),
                          [&](double* dx, double* t) { conv2d_input_grad(s, dy.data(), w.data(), dx, t); }),
          guarded<double>(weights(s), conv2d_weight_grad_scratch<double>(s),
                          [&](double* dw, double* t) { conv2d_weight_grad(s, x.data(), dy.data(), dw, t); })};
}

template <class T>
std::vector<double> widened(const std::vector<T>& v) {
  return {v.begin(), v.end()};
}

}  // namespace

TEST_CASE("conv2d in double is its definition, and its three faces are adjoint") {
  for (const Conv2dShape& s : conv_shapes()) {
    INFO(describe(s));
    const auto x = integers<double>(inputs(s), 1), w = integers<double>(weights(s), 2);
    const auto dy = integers<double>(outputs(s), 3);
    const Faces faces = double_faces(s, x, w, dy);
    std::int64_t wrong = 0, e = 0;
    for (std::int64_t n = 0; n < s.batch; ++n)
      for (std::int64_t i = 0; i < s.out_height(); ++i)
        for (std::int64_t j = 0; j < s.out_width(); ++j)
          for (std::int64_t o = 0; o < s.out_channels; ++o, ++e)
            wrong += faces.y[static_cast<std::size_t>(e)] != output_at(s, x, w, n, i, j, o);
    CHECK(wrong == 0);
    CHECK(inner(faces.y, dy) == inner(x, faces.dx));
    CHECK(inner(faces.y, dy) == inner(w, faces.dw));
  }
}

TEST_CASE("conv2d of every instruction set equals the double reference on whole numbers") {
  for (const Conv2dShape& s : conv_shapes()) {
    const auto x = integers<float>(inputs(s), 4), w = integers<float>(weights(s), 5);
    const auto dy = integers<float>(outputs(s), 6);
    const Faces expected = double_faces(s, widened(x), widened(w), widened(dy));
    for (const KernelTable* isa : isa_tables()) {
      INFO(isa->name << ": " << describe(s));
      CHECK(widened(guarded<float>(outputs(s), conv2d_forward_scratch<float>(s), [&](float* y, float* t) {
              isa->conv2d_forward(s, x.data(), w.data(), y, t);
            })) == expected.y);
      CHECK(widened(guarded<float>(inputs(s), conv2d_input_grad_scratch<float>(s), [&](float* dx, float* t) {
              isa->conv2d_input_grad(s, dy.data(), w.data(), dx, t);
            })) == expected.dx);
      CHECK(widened(guarded<float>(weights(s), conv2d_weight_grad_scratch<float>(s), [&](float* dw, float* t) {
              isa->conv2d_weight_grad(s, x.data(), dy.data(), dw, t);
            })) == expected.dw);
    }
  }
}
