#include "examples/support/numbers.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <string_view>

namespace nascent::examples {

std::string mebibytes(std::size_t bytes) {
  return grouped(static_cast<std::int64_t>((bytes + (1 << 19)) >> 20)) + " MiB";
}

std::optional<std::size_t> parsed_bytes(const std::string& text) {
  constexpr std::string_view units = "KMGT";
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  const std::size_t unit = stop + 1 == end ? units.find(*stop) : std::string_view::npos;
  if (error != std::errc{} || unit == std::string_view::npos || !(number > 0 && number < 1e6)) return std::nullopt;
  return static_cast<std::size_t>(std::ldexp(number, 10 * (static_cast<int>(unit) + 1)));
}

std::string times_fewer(std::int64_t before, std::int64_t after) {
  const double ratio = static_cast<double>(before) / static_cast<double>(after);
  return ratio < 1 ? fmt::format("{:.1f} times as many", 1 / ratio) : fmt::format("{:.1f} times fewer", ratio);
}

}  // namespace nascent::examples
