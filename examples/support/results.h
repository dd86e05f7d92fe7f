#pragma once
#include <string>
#include <vector>

#include "nas/report/report.h"

namespace nascent::examples {

// What was measured, a line a network, and how much smaller the first is than the supernet if there is one.
std::string results_table(const std::vector<nas::ResultRow>& results);
std::string results_json(const std::vector<nas::ResultRow>& results);

}  // namespace nascent::examples
