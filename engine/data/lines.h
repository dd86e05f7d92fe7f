#pragma once
// Small text files that name things, one a line.
#include <filesystem>
#include <string>
#include <vector>

namespace nascent {

// The lines that are not empty, without trailing blanks or carriage returns.
std::vector<std::string> read_lines(const std::filesystem::path& path);

}  // namespace nascent
