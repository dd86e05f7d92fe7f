#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "nas/report/report.h"
#include "nas/search/lecture.h"

namespace nascent::examples {

// Writes the course demo's pictures into a folder (made when needed): one page with losses, entropy and the alpha heat
// map, and each cell as SVG. Returns the files written.
std::vector<std::string> write_lecture_pictures(const std::filesystem::path& folder,
                                                const std::vector<nas::LectureEpoch>& history,
                                                const nas::ChainArchitecture& found,
                                                const std::vector<nas::ResultRow>& results);

}  // namespace nascent::examples
