// Names in a GraphProto: which are defined, which are used, and replacing some by others.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "onnx/onnx.pb.h"

namespace keel::loaders {

using NameSet = std::unordered_set<std::string>;
using Renames = std::unordered_map<std::string, std::string>;

// Adds every name that a value of the graph, or of a graph inside it, has or refers to.
void collect_all_names(const onnx::GraphProto& graph, NameSet& names);

// Names the graph itself gives: inputs, initializers, outputs of nodes.
NameSet defined_names(const onnx::GraphProto& graph);

// Names something reads: inputs of nodes at any depth, outputs, annotations.
NameSet used_names(const onnx::GraphProto& graph);
void collect_used_names(const onnx::NodeProto& node, NameSet& names);

// In the node and in every graph inside it.
void rename_values(const Renames& renames, onnx::NodeProto& node);

// "domain\nname" of every operator called, at any depth.
void collect_operators(const onnx::GraphProto& graph, NameSet& operators);
void collect_operators(const onnx::FunctionProto& function, NameSet& operators);

}  // namespace keel::loaders
