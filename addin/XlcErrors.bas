Attribute VB_Name = "XlcErrors"
Option Explicit

' Python cannot hand over an error value: a text "#XLC!2042" stands for CVErr(2042). XlcWithErrors
' puts the errors in place of these texts, in a single value, a row or a table. A procedure must not
' have the name of its module.

Private Const MARK As String = "#XLC!"

Public Function XlcWithErrors(ByVal found As Variant) As Variant
    Dim row As Long
    Dim column As Long
    If Not IsArray(found) Then
        XlcWithErrors = XlcError(found)
        Exit Function
    End If
    If XlcDimensions(found) = 1 Then
        For column = LBound(found) To UBound(found)
            found(column) = XlcError(found(column))
        Next column
    Else
        For row = LBound(found, 1) To UBound(found, 1)
            For column = LBound(found, 2) To UBound(found, 2)
                found(row, column) = XlcError(found(row, column))
            Next column
        Next row
    End If
    XlcWithErrors = found
End Function

Private Function XlcError(ByVal value As Variant) As Variant
    XlcError = value
    If VarType(value) = vbString Then
        If Left$(value, Len(MARK)) = MARK Then XlcError = CVErr(CLng(Mid$(value, Len(MARK) + 1)))
    End If
End Function

Private Function XlcDimensions(ByVal found As Variant) As Long
    Dim last As Long
    XlcDimensions = 1
    On Error GoTo onlyOne
    last = UBound(found, 2)
    XlcDimensions = 2
onlyOne:
End Function
