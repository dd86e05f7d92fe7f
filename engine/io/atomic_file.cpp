#include "engine/io/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>

#include "engine/io/file.h"
#include "engine/tensor/error.h"

namespace nascent {

void write_atomically(const std::filesystem::path& path, std::string_view bytes) {
  // Unique among the processes (pid) and the threads (count) that may write here now.
  static std::atomic<unsigned> count{0};
  const std::filesystem::path temporary = fmt::format("{}.tmp.{}.{}", path.string(), ::getpid(), count++);
  // A leftover of a process with our number that was killed is nobody's by now.
  ::unlink(temporary.c_str());
  try {
    File file(temporary, O_WRONLY | O_CREAT | O_EXCL);
    file.write(bytes);
    file.sync();
    file.close();
    if (::rename(temporary.c_str(), path.c_str()) != 0) throw_file_error(path, "cannot replace", errno);
  } catch (const FileError& error) {
    ::unlink(temporary.c_str());
    // The temporary file's name would tell nobody anything.
    const std::string_view message = error.what(), ours = temporary.native();
    if (!message.starts_with(ours)) throw;
    throw FileError(path.string() + std::string(message.substr(ours.size())));
  }
  // The rename itself lives in the directory.
  const std::filesystem::path parent = path.parent_path();
  File(parent.empty() ? "." : parent, O_RDONLY | O_DIRECTORY).sync();
}

}  // namespace nascent
