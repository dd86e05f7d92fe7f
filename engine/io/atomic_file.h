#pragma once
// A file is replaced whole or not at all, whatever happens in between.
#include <filesystem>
#include <string_view>

namespace nascent {

// Writes `bytes` beside `path`, syncs them to the disk and renames them into place, so that a reader, or a run after a
// crash, finds the old file or the new one. FileError with path and reason; the temporary is then removed.
void write_atomically(const std::filesystem::path& path, std::string_view bytes);

}  // namespace nascent
