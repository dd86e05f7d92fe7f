// The cells that were found, as graphs, as text and as a table of decisions.
#include <fmt/format.h>

#include "nas/report/cell_svg.h"
#include "nas/report/html.h"
#include "nas/report/numbers.h"
#include "nas/report/sections.h"

namespace nascent::nas {
namespace {

std::string picture(const std::string& svg) { return "<div class=\"scroll graph\">" + svg + "</div>\n"; }

std::string decisions(const std::string& cell, const std::vector<EdgeChoice>& table) {
  if (table.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const EdgeChoice& edge : table)
    rows.push_back({escape(state_name(edge.source) + " → " + state_name(edge.target)), escape(edge.operation),
                    rounded(edge.confidence, 4), edge.kept ? "<b>kept</b>" : ""});
  return html_table(cell + " cell", {"edge", "strongest operation", "confidence", "in the cell"}, rows);
}

std::string chain_table(const ChainArchitecture& chain) {
  std::vector<std::vector<std::string>> rows;
  for (std::size_t c = 0; c < chain.cells.size(); ++c)
    for (std::size_t e = 0; e < chain.cells[c].size(); ++e)
      rows.push_back({fmt::format("cell {}, edge {}", c, e), escape(chain.cells[c][e].operation),
                      rounded(chain.cells[c][e].probability, 4)});
  return html_table("Derivation", {"edge", "operation", "confidence"}, rows);
}

}  // namespace

std::string architecture_section(const ReportData& data) {
  std::string body;
  for (const NamedDerivation& named : data.genotypes) {
    const Genotype& genotype = named.derivation.genotype;
    body += "<h3>" + escape(named.title) + "</h3>\n" +
            picture(cell_svg(genotype.normal, genotype.normal_concat, "normal cell")) +
            picture(cell_svg(genotype.reduce, genotype.reduce_concat, "reduction cell")) + "<pre tabindex=\"0\">" +
            escape(to_text(genotype)) + "</pre>\n";
    const std::string tables =
        decisions("Normal", named.derivation.normal) + decisions("Reduction", named.derivation.reduce);
    if (!tables.empty()) body += numbers("How each edge was decided", "<div class=\"pair\">" + tables + "</div>");
  }
  if (data.chain) {
    body += "<h3>Derived chain</h3>\n";
    for (std::size_t c = 0; c < data.chain->cells.size(); ++c)
      body += picture(chain_svg(data.chain->cells[c], fmt::format("cell {}", c)));
    body += "<pre tabindex=\"0\">" + escape(to_text(*data.chain)) + "</pre>\n" +
            numbers("How each edge was decided", chain_table(*data.chain));
  }
  if (body.empty()) return "";
  const char* cell_note =
      "Read from left to right. Green are the outputs of the two cells before, blue the nodes (each the sum of its two "
      "arrows), gold the output, which concatenates the nodes on the dashed line. A reduction cell halves height and "
      "width.";
  const char* chain_note =
      "Read from left to right: what an edge computes is added to what it reads, which takes the dashed way around it.";
  return section("cells", "The cells", data.genotypes.empty() ? chain_note : cell_note, body);
}

}  // namespace nascent::nas
