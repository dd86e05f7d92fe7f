#include "bench/support/image_flag.h"

#include "examples/support/shape_flag.h"

namespace nascent::bench {

std::optional<nas::ImageSize> parse_image_size(const std::string& typed) {
  const bool one_side = typed.find('x') == std::string::npos;
  const auto parsed = examples::parse_image(one_side ? "3x" + typed + "x" + typed : typed);
  if (!parsed) return std::nullopt;
  const auto [first, second, third] = *parsed;
  if (one_side || first <= third) return nas::ImageSize{first, second, third};
  return nas::ImageSize{.channels = third, .height = first, .width = second};
}

}  // namespace nascent::bench
