#pragma once
// A log of one JSON value a line (jsonlines.org), for a run's history: readable while it grows.
#include <filesystem>
#include <string_view>

#include "engine/io/file.h"

namespace nascent {

class JsonLines {
 public:
  // Opens for appending, making the file when needed. A last line torn by a crash is cut off, so that every line is
  // whole. FileError when the system refuses.
  explicit JsonLines(const std::filesystem::path& path);

  // Appends one serialised value, without line breaks, and hands it to the system at once.
  void append(std::string_view json);

 private:
  File file_;
};

}  // namespace nascent
