#include "loaders/onnx_schema.h"

#include <iterator>

#include "onnx/onnx.pb.h"

namespace keel::loaders {
namespace {

constexpr auto Child = Content::Child;
constexpr auto Children = Content::Children;
constexpr auto Text = Content::Text;
constexpr auto Texts = Content::Texts;
constexpr auto Varints = Content::Varints;
constexpr auto Fixed = Content::Fixed;
constexpr auto Scalar = Content::Scalar;

constexpr FieldRow kModel[] = {{1, Scalar},
                               {2, Text},
                               {3, Text},
                               {4, Text},
                               {5, Scalar},
                               {6, Text},
                               {7, Child, Message::Graph},
                               {8, Children, Message::Opset},
                               {14, Children, Message::Entry},
                               {20, Children, Message::Training},
                               {25, Children, Message::Function}};
constexpr FieldRow kGraph[] = {
    {1, Children, Message::Node},         {2, Text},
    {5, Children, Message::Tensor},       {10, Text},
    {11, Children, Message::ValueInfo},   {12, Children, Message::ValueInfo},
    {13, Children, Message::ValueInfo},   {14, Children, Message::Annotation},
    {15, Children, Message::SparseTensor}};
constexpr FieldRow kNode[] = {
    {1, Texts}, {2, Texts}, {3, Text}, {4, Text}, {5, Children, Message::Attribute},
    {6, Text},  {7, Text}};
constexpr FieldRow kAttribute[] = {{1, Text},
                                   {2, Scalar},
                                   {3, Scalar},
                                   {4, Text},
                                   {5, Child, Message::Tensor},
                                   {6, Child, Message::Graph},
                                   {7, Fixed},
                                   {8, Varints},
                                   {9, Texts},
                                   {10, Children, Message::Tensor},
                                   {11, Children, Message::Graph},
                                   {13, Text},
                                   {14, Child, Message::Type},
                                   {15, Children, Message::Type},
                                   {20, Scalar},
                                   {21, Text},
                                   {22, Child, Message::SparseTensor},
                                   {23, Children, Message::SparseTensor}};
constexpr FieldRow kTensor[] = {{1, Varints},
                                {2, Scalar},
                                {3, Child, Message::Segment},
                                {4, Fixed},
                                {5, Varints},
                                {6, Texts},
                                {7, Varints},
                                {8, Text},
                                {9, Text},
                                {10, Fixed},
                                {11, Varints},
                                {12, Text},
                                {13, Children, Message::Entry},
                                {14, Scalar}};
constexpr FieldRow kSparseTensor[] = {
    {1, Child, Message::Tensor}, {2, Child, Message::Tensor}, {3, Varints}};
constexpr FieldRow kValueInfo[] = {{1, Text}, {2, Child, Message::Type}, {3, Text}};
constexpr FieldRow kType[] = {{1, Child, Message::TypeTensor}, {4, Child, Message::TypeNested},
                              {5, Child, Message::TypeMap},    {6, Text},
                              {8, Child, Message::TypeTensor}, {9, Child, Message::TypeNested}};
constexpr FieldRow kTypeTensor[] = {{1, Scalar}, {2, Child, Message::Shape}};
constexpr FieldRow kTypeNested[] = {{1, Child, Message::Type}};
constexpr FieldRow kTypeMap[] = {{1, Scalar}, {2, Child, Message::Type}};
constexpr FieldRow kShape[] = {{1, Children, Message::Dimension}};
constexpr FieldRow kDimension[] = {{1, Scalar}, {2, Text}, {3, Text}};
constexpr FieldRow kFunction[] = {{1, Text},
                                  {4, Texts},
                                  {5, Texts},
                                  {6, Texts},
                                  {7, Children, Message::Node},
                                  {8, Text},
                                  {9, Children, Message::Opset},
                                  {10, Text}};
constexpr FieldRow kTraining[] = {{1, Child, Message::Graph},
                                  {2, Child, Message::Graph},
                                  {3, Children, Message::Entry},
                                  {4, Children, Message::Entry}};
constexpr FieldRow kAnnotation[] = {{1, Text}, {2, Children, Message::Entry}};
constexpr FieldRow kEntry[] = {{1, Text}, {2, Text}};
constexpr FieldRow kOpset[] = {{1, Text}, {2, Scalar}};
constexpr FieldRow kSegment[] = {{1, Scalar}, {2, Scalar}};

struct MessageRow {
  const char* name;
  const FieldRow* begin;
  std::size_t count;
  std::size_t size;
};

#define KEEL_MESSAGE(rows, proto) \
  { #proto, rows, std::size(rows), sizeof(onnx::proto) }
// Indexed by Message.
const MessageRow kMessages[] = {
    KEEL_MESSAGE(kModel, ModelProto),
    KEEL_MESSAGE(kGraph, GraphProto),
    KEEL_MESSAGE(kNode, NodeProto),
    KEEL_MESSAGE(kAttribute, AttributeProto),
    KEEL_MESSAGE(kTensor, TensorProto),
    KEEL_MESSAGE(kSparseTensor, SparseTensorProto),
    KEEL_MESSAGE(kValueInfo, ValueInfoProto),
    KEEL_MESSAGE(kType, TypeProto),
    KEEL_MESSAGE(kTypeTensor, TypeProto_Tensor),
    KEEL_MESSAGE(kTypeNested, TypeProto_Sequence),
    KEEL_MESSAGE(kTypeMap, TypeProto_Map),
    KEEL_MESSAGE(kShape, TensorShapeProto),
    KEEL_MESSAGE(kDimension, TensorShapeProto_Dimension),
    KEEL_MESSAGE(kFunction, FunctionProto),
    KEEL_MESSAGE(kTraining, TrainingInfoProto),
    KEEL_MESSAGE(kAnnotation, TensorAnnotation),
    KEEL_MESSAGE(kEntry, StringStringEntryProto),
    KEEL_MESSAGE(kOpset, OperatorSetIdProto),
    KEEL_MESSAGE(kSegment, TensorProto_Segment),
};
#undef KEEL_MESSAGE
static_assert(std::size(kMessages) == static_cast<std::size_t>(Message::Count));

const MessageRow& row(Message message) { return kMessages[static_cast<std::size_t>(message)]; }

}  // namespace

const FieldRow* find_field(Message message, std::uint32_t number) {
  const MessageRow& fields = row(message);
  for (std::size_t i = 0; i < fields.count; ++i)
    if (static_cast<std::uint32_t>(fields.begin[i].number) == number) return fields.begin + i;
  return nullptr;
}

const char* message_name(Message message) { return row(message).name; }

std::size_t message_cost(Message message) {
  constexpr std::size_t kAllocation = 16;  // malloc's header and rounding
  constexpr std::size_t kPointer = 16;     // in the array of the parent, which grows by doubling
  return row(message).size + kAllocation + kPointer;
}

}  // namespace keel::loaders
