#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "engine/tensor/error.h"
#include "nas/genotype/genotype.h"
#include "nas/space/suggest.h"

namespace nascent::nas {
namespace {

bool looks_like_genotype(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return false;
  text.remove_prefix(start);
  if (text.front() == '{') return true;
  constexpr std::string_view opening = "Genotype";
  if (!text.starts_with(opening)) return false;
  const std::size_t bracket = text.find_first_not_of(" \t\r\n", opening.size());
  return bracket != std::string_view::npos && text[bracket] == '(';
}

bool looks_like_path(std::string_view argument) {
  return argument.find('/') != std::string_view::npos || argument.ends_with(".txt") || argument.ends_with(".json");
}

std::string contents(const std::string& path) {
  // One byte more than a genotype may have, so that a longer file is refused as too long without being read whole.
  constexpr std::streamsize most = 64 * 1024 + 1;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw FileError(path + ": " + std::strerror(errno) + ". Check the path and its permissions.");
  std::string text(most, '\0');
  file.read(text.data(), most);
  if (file.bad()) throw FileError(path + ": reading failed. Check the file and its disk.");
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace

Genotype resolve_genotype(const std::string& argument, const Space& space) {
  if (const auto published = published_genotype(argument)) {
    check_genotype(*published, space, argument);
    return *published;
  }
  if (looks_like_genotype(argument)) return parse_genotype(argument, space);
  // The error_code form says "no" where the throwing form would choke on a name that is too long to be a path.
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(argument, ignored);
  if (std::filesystem::is_directory(status))
    throw FileError(argument + ": is a directory. Give the genotype.txt or genotype.json inside it.");
  if (std::filesystem::exists(status)) return parse_genotype(contents(argument), space, argument);
  if (looks_like_path(argument)) throw FileError(argument + ": no such file. Check the path.");
  throw UsageError(
      fmt::format("genotype '{}' is not a published name, not a file and not text that begins with 'Genotype('.{} The "
                  "published names "
                  "are {}.",
                  printable(argument), did_you_mean(argument, published_names()), comma_list(published_names())));
}

}  // namespace nascent::nas
