#pragma once
// Numbers as a person reads them, on a page and in a terminal. What was not measured is a dash.
#include <cstdint>
#include <string>

namespace nascent::nas {

std::string grouped(std::int64_t number);                    // 4,398,046,511,104
std::string counted(std::int64_t number, const char* what);  // 1 epoch, 1,000 epochs
std::string measured_count(std::int64_t count);              // the same; below 0: not measured
std::string percent(double fraction, int decimals = 2);      // 0.9104 -> 91.04 %
std::string rounded(double value, int decimals);             // 0.3125
std::string duration(double seconds);                        // 0.42 s, 12.3 s, 1 min 23 s, 2 h 05 min, 3 d 04 h

}  // namespace nascent::nas
