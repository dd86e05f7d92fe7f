#include <fmt/format.h>

#include "engine/tensor/error.h"
#include "nas/genotype/genotype.h"
#include "nas/genotype/json.h"
#include "nas/genotype/scanner.h"
#include "nas/space/suggest.h"

namespace nascent::nas {
namespace {

// Checked here too, not only in check_genotype, because here the character is known.
std::string operation(Scanner& scan, const Space& space) {
  const std::string name = scan.quoted("an operation");
  const std::vector<std::string> allowed = space.derivable();
  if (name == "none" && space.index_of("none") >= 0)
    scan.fail_at_token("'none' is only for the search, expected one of " + comma_list(allowed) + ", got 'none'");
  if (space.index_of(name) < 0) {
    const std::string best = closest_word(name, allowed);
    scan.fail_at_token(fmt::format("unknown operation '{}' ({}the operations are {})", printable(name),
                                   best.empty() ? "" : "did you mean '" + best + "'? ", comma_list(allowed)));
  }
  return name;
}

std::vector<Gene> genes(Scanner& scan, const Space& space) {
  std::vector<Gene> list;
  scan.expect('[', "'='");
  while (!scan.accept(']')) {
    if (!list.empty()) scan.expect(',', "a gene");
    if (!list.empty() && scan.accept(']')) break;
    if (!scan.accept('(')) scan.fail("expected a gene such as ('skip_connect', 0), got " + scan.here());
    Gene gene{operation(scan, space), 0};
    scan.expect(',', "the operation");
    gene.from = scan.integer("the state it reads");
    const int last = space.inputs + static_cast<int>(list.size() / 2) - 1;
    if (gene.from < 0 || gene.from > last)
      scan.fail_at_token(
          fmt::format("node {} can read states 0 to {}, got {}", static_cast<int>(list.size() / 2), last, gene.from));
    scan.expect(')', "the state");
    list.push_back(std::move(gene));
  }
  return list;
}

std::vector<int> concat(Scanner& scan) {
  constexpr int most_states = 1024;  // refused before memory is taken; check_genotype knows the true limit
  std::vector<int> states;
  if (scan.accept('[')) {
    while (!scan.accept(']')) {
      if (!states.empty()) scan.expect(',', "a state");
      if (!states.empty() && scan.accept(']')) break;
      states.push_back(scan.integer("a state"));
    }
    return states;
  }
  if (scan.word("range(2, 6) or a list such as [2, 3, 4, 5]") != "range")
    scan.fail_at_token("expected range(2, 6) or a list such as [2, 3, 4, 5]");
  scan.expect('(', "'range'");
  const int first = scan.integer("the first state");
  scan.expect(',', "the first state");
  const int end = scan.integer("the end of the range");
  scan.expect(')', "the end of the range");
  if (first < 0 || end > most_states || first >= end)
    scan.fail_at_token(fmt::format("range({}, {}) names no usable states", first, end));
  for (int state = first; state < end; ++state) states.push_back(state);
  return states;
}

Genotype parse_text(std::string_view text, const Space& space, const std::string& origin) {
  static const std::vector<std::string> fields{"normal", "normal_concat", "reduce", "reduce_concat"};
  Scanner scan(text, origin);
  const std::string opening = scan.word("'Genotype(' or JSON");
  if (opening == "ChainArchitecture")
    scan.fail_at_token("an architecture of the lecture space, expected a genotype of the darts space");
  if (opening != "Genotype") scan.fail_at_token("expected 'Genotype(' or JSON");
  scan.expect('(', "'Genotype'");
  Genotype result;
  std::vector<std::string> seen;
  while (!scan.accept(')')) {
    if (!seen.empty()) scan.expect(',', "a field");
    if (!seen.empty() && scan.accept(')')) break;
    const std::string field = scan.word("a field (normal, normal_concat, reduce, reduce_concat)");
    for (const std::string& before : seen)
      if (before == field) scan.fail_at_token("the field '" + field + "' is given twice, the second");
    if (field != fields[0] && field != fields[1] && field != fields[2] && field != fields[3])
      scan.fail_at_token("unknown field '" + printable(field) + "', expected one of " + comma_list(fields));
    scan.expect('=', "the field's name");
    if (field == "normal") result.normal = genes(scan, space);
    if (field == "reduce") result.reduce = genes(scan, space);
    if (field == "normal_concat") result.normal_concat = concat(scan);
    if (field == "reduce_concat") result.reduce_concat = concat(scan);
    seen.push_back(field);
  }
  scan.expect_end("the closing ')'");
  for (const std::string& field : fields) {
    bool given = false;
    for (const std::string& name : seen) given = given || name == field;
    if (!given)
      throw DataError(
          fmt::format("{}: the field '{}' is missing; all of {} are needed.", origin, field, comma_list(fields)));
  }
  return result;
}

}  // namespace

Genotype parse_genotype(std::string_view text, const Space& space, const std::string& origin) {
  const bool json = Scanner(text, origin).peek() == '{';
  Genotype genotype = json ? genotype_from_json(text, origin) : parse_text(text, space, origin);
  check_genotype(genotype, space, origin);
  return genotype;
}

}  // namespace nascent::nas
