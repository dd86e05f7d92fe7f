#pragma once
#include <vector>

namespace nascent::bench {

// Of at least one number; between two middle ones their mean.
double median(std::vector<double> numbers);
// The value below which `fraction` of the numbers lie, by linear interpolation.
double quantile(std::vector<double> numbers, double fraction);
double geometric_mean(const std::vector<double>& positive);

}  // namespace nascent::bench
