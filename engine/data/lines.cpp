#include "engine/data/lines.h"

#include <sstream>

#include "engine/io/file.h"

namespace nascent {

std::vector<std::string> read_lines(const std::filesystem::path& path) {
  constexpr std::uint64_t kMaxBytes = 1 << 20;  // names for people, not data
  const auto bytes = read_file(path, kMaxBytes);
  std::istringstream text(std::string(bytes.begin(), bytes.end()));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

}  // namespace nascent
