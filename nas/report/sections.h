#pragma once
// The parts of the page, each as HTML; "" when the run has nothing for it.
#include <string>

#include "nas/report/report.h"

namespace nascent::nas {

std::string verdict_section(const ReportData& data);
std::string results_section(const ReportData& data);
std::string curves_section(const ReportData& data);
std::string alphas_section(const ReportData& data);
std::string architecture_section(const ReportData& data);
std::string confusion_section(const ReportData& data);
std::string mistakes_section(const ReportData& data);
std::string facts_section(const ReportData& data);

// What page.js draws, as JSON that is safe inside <script>: no '<', and null for what is not a number.
std::string data_island(const ReportData& data);

// Which of n entries to keep when at most `most` may stay: evenly spaced, first and last included.
std::vector<std::size_t> thinned(std::size_t n, std::size_t most);

}  // namespace nascent::nas
