#include "examples/support/shape_flag.h"

#include <charconv>

namespace nascent::examples {

std::optional<ImageFlag> parse_image(const std::string& text) {
  ImageFlag image;
  const char *at = text.data(), *end = at + text.size();
  for (std::int64_t* size : {&image.channels, &image.height, &image.width}) {
    if (size != &image.channels && (at == end || *at++ != 'x')) return std::nullopt;
    const auto [next, error] = std::from_chars(at, end, *size);
    if (error != std::errc{} || *size < 1 || *size > 4096) return std::nullopt;
    at = next;
  }
  return at == end ? std::optional(image) : std::nullopt;
}

}  // namespace nascent::examples
