#pragma once
// Shapes the convolution tests run over: channel counts around every vector width, odd images, all geometries.
#include <string>
#include <vector>

#include "kernels/conv2d.h"

namespace nascent::test {

inline std::string describe(const kernels::Conv2dShape& s) {
  std::string text;
  for (const std::int64_t v : {s.batch, s.height, s.width, s.in_channels, s.out_channels, s.kernel_h, s.kernel_w,
                               s.stride, s.padding, s.dilation, s.groups})
    text += std::to_string(v) + " ";
  return "batch height width in out kernel_h kernel_w stride padding dilation groups: " + text;
}

inline std::vector<kernels::Conv2dShape> conv_shapes() {
  using Shape = kernels::Conv2dShape;
  std::vector<Shape> shapes;
  // Every pair of counts from 1 to 2W+3 of the widest vectors in one of its two places.
  for (std::int64_t c = 1; c <= 35; ++c) {
    shapes.push_back(Shape{1, 5, 7, c, 3, 3, 3, 1, 1});
    shapes.push_back(Shape{2, 4, 5, 2, c, 3, 3, 1, 1});
    shapes.push_back(Shape{2, 3, 6, c, c});
  }
  // Geometries, with kernels that are square, even and rectangular.
  const std::int64_t kernels[][2] = {{1, 1}, {2, 2}, {3, 3}, {5, 5}, {7, 7}, {1, 3}, {3, 1}, {2, 5}};
  for (const auto& k : kernels)
    for (std::int64_t stride = 1; stride <= 3; ++stride)
      for (std::int64_t dilation = 1; dilation <= 2; ++dilation)
        for (std::int64_t padding = 0; padding <= 3; ++padding) {
          const Shape s{2, 14, 13, 5, 6, k[0], k[1], stride, padding, dilation};
          if (s.out_height() >= 1 && s.out_width() >= 1) shapes.push_back(s);
        }
  for (const std::int64_t groups : {2, 3, 6})
    for (std::int64_t stride = 1; stride <= 2; ++stride) {
      shapes.push_back(Shape{2, 9, 8, 12, 18, 3, 3, stride, 1, 1, groups});
      shapes.push_back(Shape{1, 9, 8, 6, 6, 3, 3, stride, 2, 2, groups});
    }
  // A kernel 3 wide, padded by one, whose missing columns the tile leaves out: rows of one tile and of several.
  for (const std::int64_t kernel_h : {1, 3, 5})
    for (std::int64_t stride = 1; stride <= 3; ++stride)
      for (const std::int64_t width : {1, 2, 8, 9, 30})
        shapes.push_back(Shape{2, 9, width, 12, 70, kernel_h, 3, stride, 1, 1});
  // Winograd's tiles: outputs that fill them and not, every padding, channels beside whole vectors and panels.
  for (const std::int64_t k : {3, 5})
    for (std::int64_t padding = 0; padding <= k; ++padding) {
      shapes.push_back(Shape{2, 12, 13, 25, 28, k, k, 1, padding});
      shapes.push_back(Shape{1, 21, 16, 24, 40, k, k, 1, padding});
    }
  shapes.push_back(Shape{1, 6, 5, 12, 13, 5, 5, 1, 2});
  shapes.push_back(Shape{1, 5, 90, 16, 16, 5, 5, 1, 2});
  shapes.push_back(Shape{2, 27, 29, 16, 16, 3, 3, 1, 1});
  shapes.push_back(Shape{1, 27, 29, 3, 40, 5, 5, 2, 2});
  shapes.push_back(Shape{2, 27, 29, 33, 17, 3, 3, 1, 2, 2});
  shapes.push_back(Shape{3, 16, 16, 16, 16, 5, 5, 1, 2});
  shapes.push_back(Shape{40, 6, 6, 8, 16, 3, 3, 1, 1});  // more images than a reduction has chunks
  shapes.push_back(Shape{40, 6, 6, 64, 48});
  shapes.push_back(Shape{2, 11, 11, 16, 8, 1, 1, 2, 0});
  shapes.push_back(Shape{2, 9, 8, 44, 36});    // columns of two vectors and a part
  shapes.push_back(Shape{3, 5, 7, 330, 130});  // weights in six slices
  return shapes;
}

}  // namespace nascent::test
