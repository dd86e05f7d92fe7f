#include "bench/roofline/labels.h"

#include <algorithm>

namespace nascent::bench {

bool LabelPlaces::is_free(const Box& box) const {
  return box.inside(frame_) && std::none_of(taken_.begin(), taken_.end(), [&](const Box& t) { return t.meets(box); });
}

bool LabelPlaces::are_free(const std::vector<Box>& boxes) const {
  return std::all_of(boxes.begin(), boxes.end(), [&](const Box& box) { return is_free(box); });
}

Box LabelPlaces::place(double x, double top, double bottom, double width, double height) {
  constexpr double gap = 8, step = 7, farthest = 180;
  for (double away = 0; away <= farthest; away += step)
    for (const double shift : {0.0, -0.5, 0.5, -1.0, 1.0})
      for (const double upper : {top - gap - away - height, bottom + gap + away}) {
        const double left = x - width / 2 + shift * width;
        const Box candidate{left, upper, left + width, upper + height};
        if (!is_free(candidate)) continue;
        occupy(candidate);
        return candidate;
      }
  const Box crowded{x - width / 2, bottom + gap, x + width / 2, bottom + gap + height};
  occupy(crowded);
  return crowded;
}

}  // namespace nascent::bench
