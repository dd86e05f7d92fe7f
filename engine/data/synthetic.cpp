#include "engine/data/synthetic.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "engine/tensor/random.h"
#include "kernels/parallel.h"

namespace nascent {
namespace {

// Each figure is the set of points (x, y), in units of its size and turned by its tilt, where this holds.
struct Figure {
  const char* name;
  bool (*covers)(double x, double y);
};

double chebyshev(double x, double y) { return std::max(std::abs(x), std::abs(y)); }
bool stripe(double t) { return static_cast<int>(std::floor(t * 2.5 + 100)) % 2 == 0; }

constexpr Figure kFigures[] = {
    {"disk", [](double x, double y) { return std::hypot(x, y) < 0.8; }},
    {"ring", [](double x, double y) { return std::hypot(x, y) < 0.95 && std::hypot(x, y) > 0.55; }},
    {"square", [](double x, double y) { return chebyshev(x, y) < 0.75; }},
    {"frame", [](double x, double y) { return chebyshev(x, y) < 0.9 && chebyshev(x, y) > 0.5; }},
    {"cross", [](double x, double y) { return chebyshev(x, y) < 1 && std::min(std::abs(x), std::abs(y)) < 0.25; }},
    {"saltire", [](double x, double y) { return chebyshev(x, y) < 0.9 && std::abs(std::abs(x) - std::abs(y)) < 0.3; }},
    {"triangle", [](double x, double y) { return y < 0.75 && y > 1.8 * std::abs(x) - 0.9; }},
    {"bars", [](double x, double y) { return chebyshev(x, y) < 1 && stripe(x); }},
    {"rungs", [](double x, double y) { return chebyshev(x, y) < 1 && stripe(y); }},
    {"checkers", [](double x, double y) { return chebyshev(x, y) < 1 && stripe(x) != stripe(y); }},
};
constexpr int kClasses = static_cast<int>(std::size(kFigures));

// Four bytes of one draw add up to nearly normal: mean 0, deviation 1, without a logarithm a pixel.
double rough_normal(std::uint32_t bits) {
  const std::uint32_t sum = (bits & 0xFF) + (bits >> 8 & 0xFF) + (bits >> 16 & 0xFF) + (bits >> 24);
  return (static_cast<double>(sum) - 510.0) / 147.8;
}

void draw_image(const Random& random, const Figure& figure, const SyntheticOptions& options, std::uint8_t* out) {
  std::uint64_t index = 0;
  const auto between = [&](double low, double high) { return low + (high - low) * random.uniform(index++); };
  const double side = std::min(options.height, options.width);
  const double size = side * between(0.2, 0.36);
  const double centre_y = options.height * between(0.36, 0.64), centre_x = options.width * between(0.36, 0.64);
  const double tilt = between(-0.3, 0.3);  // radians: bars never turn into rungs
  const double cosine = std::cos(tilt), sine = std::sin(tilt);
  const double noise = between(10, 35);
  std::vector<double> ink, paper;  // a level a channel
  const bool dark_figure = random.bits(index++) & 1;
  for (int c = 0; c < options.channels; ++c) {
    const double low = between(20, 90), high = low + between(60, 140);
    ink.push_back(dark_figure ? low : high);
    paper.push_back(dark_figure ? high : low);
  }
  for (int y = 0; y < options.height; ++y)
    for (int x = 0; x < options.width; ++x) {
      const double dy = (y + 0.5 - centre_y) / size, dx = (x + 0.5 - centre_x) / size;
      const bool inside = figure.covers(cosine * dx + sine * dy, cosine * dy - sine * dx);
      for (const double level : inside ? ink : paper) {
        const double value = level + noise * rough_normal(random.bits(index++));
        *out++ = static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
      }
    }
}

}  // namespace

Dataset draw_synthetic(const SyntheticOptions& options) {
  Dataset data{.name = "synthetic",
               .channels = options.channels,
               .height = options.height,
               .width = options.width,
               .classes = kClasses,
               .class_names = {},
               .pixels = {},
               .labels = {}};
  for (const Figure& figure : kFigures) data.class_names.emplace_back(figure.name);
  data.labels.resize(static_cast<std::size_t>(options.images));
  data.pixels.resize(static_cast<std::size_t>(options.images * data.image_bytes()));
  kernels::parallel_chunks(options.images, [&](std::int64_t i) {
    const int label = static_cast<int>(i % kClasses);
    const Random random(options.seed, options.test ? "synthetic test" : "synthetic train",
                        {static_cast<std::uint64_t>(i)});
    data.labels[static_cast<std::size_t>(i)] = label;
    draw_image(random, kFigures[label], options, data.pixels.data() + i * data.image_bytes());
  });
  return data;
}

}  // namespace nascent
