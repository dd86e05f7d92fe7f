#include "examples/support/numbers.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <string_view>

namespace nascent::examples {

std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  const std::size_t first_digit = number < 0 ? 1 : 0;
  for (std::size_t i = text.size(); i > first_digit + 3;) text.insert(i -= 3, 1, ',');
  return text;
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  if (seconds < 9.995) return fmt::format("{:.2f} s", seconds);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  // Rounded once, so that 59.99 minutes never read as "59 min 60 s".
  const double whole = std::round(seconds);
  if (whole < 3600) return fmt::format("{:.0f} min {:02.0f} s", std::floor(whole / 60), std::fmod(whole, 60));
  const double minutes = std::round(seconds / 60);
  if (minutes < 24 * 60) return fmt::format("{:.0f} h {:02.0f} min", std::floor(minutes / 60), std::fmod(minutes, 60));
  const double hours = std::round(seconds / 3600);
  return fmt::format("{:.0f} d {:02.0f} h", std::floor(hours / 24), std::fmod(hours, 24));
}

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

std::string percent(double fraction, int decimals) {
  if (!std::isfinite(fraction)) return "?";
  return fmt::format("{:.{}f} %", 100 * fraction, decimals);
}

std::string times_fewer(std::int64_t before, std::int64_t after) {
  const double ratio = static_cast<double>(before) / static_cast<double>(after);
  return ratio < 1 ? fmt::format("{:.1f} times as many", 1 / ratio) : fmt::format("{:.1f} times fewer", ratio);
}

}  // namespace nascent::examples
