#include "engine/io/gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include "engine/io/file.h"
#include "engine/tensor/error.h"

namespace nascent {
namespace {

constexpr std::uint64_t kMaxPackedBytes = std::uint64_t{1} << 34;
constexpr std::string_view kFetchAgain = "Fetch the file again.";

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what, std::string_view mend) {
  throw DataError(fmt::format("{}: {}. {}", path.string(), what, mend));
}

// The first bytes as a person would see them in an editor.
std::string opening(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (std::uint8_t byte : bytes.first(std::min<std::size_t>(bytes.size(), 5)))
    text += std::isprint(byte) ? std::string(1, static_cast<char>(byte)) : fmt::format("\\x{:02x}", byte);
  return text;
}

void check_opening(std::span<const std::uint8_t> packed, const std::filesystem::path& path) {
  if (packed.empty()) refuse(path, "file is empty", kFetchAgain);
  if (is_gzip(packed)) return;
  const auto first = std::find_if_not(packed.begin(), packed.end(), [](std::uint8_t c) { return std::isspace(c); });
  const std::string start = fmt::format("not gzip (starts with '{}')", opening(packed));
  if (first != packed.end() && *first == '<')
    refuse(path, start + ": looks like a web page", "The download went wrong: fetch the file again.");
  refuse(path, start, "If it is already unpacked, take .gz off its name.");
}

class Inflater {
 public:
  Inflater(std::span<const std::uint8_t> packed, const std::filesystem::path& path) : packed_(packed), path_(path) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw Error("zlib: cannot start inflate");
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  // Fills `into` as far as the data goes.
  std::size_t read(std::span<std::uint8_t> into) {
    std::size_t have = 0;
    while (!ended_ && have < into.size()) {
      // zlib counts in 32 bits: feed it at most 1 GiB of either side at a time.
      const auto piece = [](std::size_t n) { return static_cast<uInt>(std::min<std::size_t>(n, 1u << 30)); };
      stream_.next_in = const_cast<Bytef*>(packed_.data() + consumed_);
      stream_.avail_in = piece(packed_.size() - consumed_);
      stream_.next_out = into.data() + have;
      stream_.avail_out = piece(into.size() - have);
      const uInt offered_in = stream_.avail_in, offered_out = stream_.avail_out;
      // Z_BLOCK comes back at the end of each block, so that a missing trailer can be told from cut data.
      const int status = inflate(&stream_, Z_BLOCK);
      consumed_ += offered_in - stream_.avail_in;
      have += offered_out - stream_.avail_out;
      constexpr int kBetweenBlocks = 128, kAfterLast = 64;
      if (status == Z_OK && (stream_.data_type & (kBetweenBlocks | kAfterLast)) == (kBetweenBlocks | kAfterLast))
        data_complete_ = true;
      ended_ = status == Z_STREAM_END;
      if (!ended_ && status != Z_OK) fail(status);
    }
    return have;
  }

  bool ended() const { return ended_; }
  std::span<const std::uint8_t> rest() const { return packed_.subspan(consumed_); }

 private:
  [[noreturn]] void fail(int status) {
    if (status == Z_BUF_ERROR && data_complete_)
      refuse(path_, "the gzip checksum and length at its end are missing (download interrupted?)", kFetchAgain);
    if (status == Z_BUF_ERROR)
      refuse(path_, fmt::format("compressed data ends early, after {} bytes (download interrupted?)", packed_.size()),
             kFetchAgain);
    if (status == Z_MEM_ERROR) throw Error("zlib: out of memory");
    const std::string_view reason = stream_.msg ? stream_.msg : "unknown reason";
    if (reason == "incorrect data check" || reason == "incorrect length check")
      refuse(path_, fmt::format("gzip checksum mismatch ({}), the file is corrupt", reason), kFetchAgain);
    refuse(path_, fmt::format("compressed data is corrupt at byte {} ({})", consumed_, reason), kFetchAgain);
  }

  z_stream stream_{};
  std::span<const std::uint8_t> packed_;
  const std::filesystem::path& path_;
  std::size_t consumed_ = 0;
  bool data_complete_ = false, ended_ = false;
};

}  // namespace

bool is_gzip(std::span<const std::uint8_t> bytes) { return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b; }

std::vector<std::uint8_t> gunzip(std::span<const std::uint8_t> packed, const std::filesystem::path& path,
                                 std::uint64_t limit) {
  check_opening(packed, path);
  Inflater inflater(packed, path);
  // Deflate packs at most 1032 to 1, so a small file cannot make us take much more than it unpacks to.
  std::vector<std::uint8_t> bytes(std::min<std::uint64_t>(limit + 1, std::uint64_t{4} * packed.size() + 1024));
  std::size_t have = 0;
  for (;;) {
    have += inflater.read(std::span(bytes).subspan(have));
    if (have > limit) refuse(path, fmt::format("unpacks to more than the {} bytes it should hold", limit), kFetchAgain);
    if (inflater.ended()) break;
    bytes.resize(std::min<std::uint64_t>(limit + 1, std::uint64_t{2} * bytes.size()));
  }
  if (const auto rest = inflater.rest(); is_gzip(rest))
    refuse(path, fmt::format("a second gzip member follows the first ({} bytes)", rest.size()),
           "Keep one member: gunzip -c FILE | gzip > NEW.");
  else if (!rest.empty())
    refuse(path, fmt::format("{} unexpected bytes after the gzip stream", rest.size()), kFetchAgain);
  bytes.resize(have);
  return bytes;
}

std::vector<std::uint8_t> gunzip_prefix(std::span<const std::uint8_t> packed, const std::filesystem::path& path,
                                        std::size_t count) {
  check_opening(packed, path);
  std::vector<std::uint8_t> bytes(count);
  bytes.resize(Inflater(packed, path).read(bytes));
  return bytes;
}

std::vector<std::uint8_t> read_gzip(const std::filesystem::path& path, std::uint64_t limit) {
  return gunzip(read_file(path, kMaxPackedBytes), path, limit);
}

}  // namespace nascent
