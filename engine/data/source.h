#pragma once
// What a person may give as `--data`, before any split of it is opened.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/synthetic.h"

namespace nascent {

struct Source {
  std::string name;
  std::optional<SyntheticOptions> synthetic;  // or else
  std::filesystem::path folder;
  std::vector<std::string> class_names;  // empty: the folder says
};

// `fashion-mnist` (Debian's package), `synthetic` or `synthetic:CxHxW`, or a folder. UsageError, DataError or FileError
// saying what to do when it is none of these.
Source resolve_source(const std::string& source);

// DataError: "FOLDER: no WHAT images found ..." with the layouts that are read.
[[noreturn]] void throw_nothing_found(const std::filesystem::path& folder, const std::string& split);

}  // namespace nascent
