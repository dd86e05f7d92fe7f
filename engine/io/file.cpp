#include "engine/io/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "engine/tensor/error.h"

namespace nascent {

void throw_file_error(const std::filesystem::path& path, std::string_view what, int error_number) {
  throw FileError(fmt::format("{}: {}: {}", path.string(), what, std::generic_category().message(error_number)));
}

File::File(std::filesystem::path path, int flags, unsigned mode) : path_(std::move(path)) {
  do {
    descriptor_ = ::open(path_.c_str(), flags | O_CLOEXEC, mode);
  } while (descriptor_ < 0 && errno == EINTR);
  if (descriptor_ < 0) throw_file_error(path_, (flags & O_ACCMODE) == O_RDONLY ? "cannot open" : "cannot write", errno);
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::size_t File::read(std::span<std::uint8_t> into) {
  for (;;) {
    const ssize_t got = ::read(descriptor_, into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) throw_file_error(path_, "cannot read", errno);
  }
}

void File::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor_, bytes.data(), bytes.size());
    if (put >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(put));
    else if (errno != EINTR)
      throw_file_error(path_, "cannot write", errno);
  }
}

void File::sync() {
  // A pipe or a device has nothing to sync and says EINVAL.
  while (::fsync(descriptor_) != 0)
    if (errno == EINVAL || errno == EROFS)
      return;
    else if (errno != EINTR)
      throw_file_error(path_, "cannot sync", errno);
}

void File::close() {
  // Linux frees the descriptor even when close is interrupted: never call it twice.
  if (::close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR) throw_file_error(path_, "cannot close", errno);
}

std::vector<std::uint8_t> read_file(const std::filesystem::path& path, std::uint64_t limit) {
  const auto refuse = [&](std::uint64_t size) {
    throw DataError(fmt::format("{}: holds {} bytes or more, the limit here is {}. Is this the right file?",
                                path.string(), size, limit));
  };
  File file(path, O_RDONLY);
  struct stat status {};
  if (::fstat(file.descriptor(), &status) != 0) throw_file_error(path, "cannot read", errno);
  if (S_ISDIR(status.st_mode)) throw_file_error(path, "cannot read", EISDIR);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > limit) refuse(size);

  // One byte more than the file says, so that the end is found without growing; a pipe says 0 and grows.
  std::vector<std::uint8_t> bytes(size + 1);
  std::size_t have = 0;
  while (const std::size_t got = file.read(std::span(bytes).subspan(have))) {
    have += got;
    if (have > limit) refuse(have);
    if (have == bytes.size()) bytes.resize(std::max<std::size_t>(2 * have, 65536));
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace nascent
