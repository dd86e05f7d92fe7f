#pragma once
// An open file that closes itself. Every refusal of the system is a FileError with the path and the system's reason.
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace nascent {

class File {
 public:
  // `flags` and `mode` as in open(2); O_CLOEXEC is added.
  File(std::filesystem::path path, int flags, unsigned mode = 0666);
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();

  const std::filesystem::path& path() const { return path_; }
  int descriptor() const { return descriptor_; }
  // Bytes read, 0 at the end of the file.
  std::size_t read(std::span<std::uint8_t> into);
  // All of `bytes`: a short write is continued, a signal is waited out.
  void write(std::string_view bytes);
  void sync();
  // Closes now, reporting the error a destructor would have to swallow.
  void close();

 private:
  std::filesystem::path path_;
  int descriptor_;
};

// `path: what: the system's reason (errno)`
[[noreturn]] void throw_file_error(const std::filesystem::path& path, std::string_view what, int error_number);

// The whole file. FileError when it is missing, unreadable or a directory; DataError when it holds more than
// `limit` bytes, found before they are read.
std::vector<std::uint8_t> read_file(const std::filesystem::path& path, std::uint64_t limit);

}  // namespace nascent
