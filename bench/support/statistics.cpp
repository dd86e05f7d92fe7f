#include "bench/support/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace nascent::bench {

double quantile(std::vector<double> numbers, double fraction) {
  std::sort(numbers.begin(), numbers.end());
  const double place = fraction * static_cast<double>(numbers.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, numbers.size() - 1);
  return std::lerp(numbers[below], numbers[above], place - static_cast<double>(below));
}

double median(std::vector<double> numbers) { return quantile(std::move(numbers), 0.5); }

double geometric_mean(const std::vector<double>& positive) {
  double logs = 0;
  for (const double x : positive) logs += std::log(x);
  return std::exp(logs / static_cast<double>(positive.size()));
}

}  // namespace nascent::bench
