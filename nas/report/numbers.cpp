#include "nas/report/numbers.h"

#include <fmt/format.h>

#include <cmath>

namespace nascent::nas {
namespace {

constexpr const char* dash = "–";

}  // namespace

std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  const std::size_t first_digit = number < 0 ? 1 : 0;
  for (std::size_t i = text.size(); i > first_digit + 3;) text.insert(i -= 3, 1, ',');
  return text;
}

std::string counted(std::int64_t number, const char* what) {
  return grouped(number) + ' ' + what + (number == 1 ? "" : "s");
}

std::string measured_count(std::int64_t count) { return count < 0 ? dash : grouped(count); }

std::string percent(double fraction, int decimals) {
  return std::isfinite(fraction) ? fmt::format("{:.{}f} %", 100 * fraction, decimals) : dash;
}

std::string rounded(double value, int decimals) {
  return std::isfinite(value) ? fmt::format("{:.{}f}", value, decimals) : dash;
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return dash;
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

}  // namespace nascent::nas
