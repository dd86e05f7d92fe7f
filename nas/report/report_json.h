#pragma once
// A report's data on the way to and from a run folder, so that several runs can be put on one page.
#include <filesystem>
#include <span>
#include <string>

#include "nas/report/report.h"

namespace nascent::nas {

std::string to_json(const ReportData& data);
// FileError when it cannot be read, DataError when it is not what to_json writes.
ReportData read_report_json(const std::filesystem::path& path);

// One page about several runs: their parts one behind the other. Networks that were tested stand before those that were
// not; confusion matrix and mistakes are those of the first run that has them, the title the first run's.
ReportData merge(std::span<const ReportData> runs);

}  // namespace nascent::nas
